"""Alerts, dashboard and objectives ask for metrics that there are, by labels that they have.

The table of TensorFlow Serving is taken from its sources, not from ours:
`servables/tensorflow/util.cc` and TensorFlow's `cc/saved_model/loader.cc`; names are written as
`util/prometheus_exporter.cc` writes them. Stream and traffic are asked themselves.
"""

import json
import re

import pytest
import yaml

from pipeline.deployment.metrics import latency_class_micros
from pipeline.deployment.models_config import NEWEST
from pipeline.deployment.rendering import render
from pipeline.deployment.settings import Objectives, ServingSettings
from pipeline.gate_overrides import gates_with
from pipeline.gates import Gates
from tests.pipeline.deployment.promql import expressions_of, samples
from tests.pipeline.deployment.states import Stream, told_of, traffic

STATUSES = {
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    "UNAUTHENTICATED",
}
HISTOGRAM = {
    ":tensorflow:serving:request_latency": {"model_name", "API", "entrypoint"},
    ":tensorflow:serving:runtime_latency": {"model_name", "API", "runtime"},
}
EXPOSED = {
    ":tensorflow:serving:request_count": {"model_name", "status"},
    ":tensorflow:cc:saved_model:load_attempt_count": {"model_path", "status"},
    ":tensorflow:cc:saved_model:load_latency": {"model_path"},
    **{f"{name}_bucket": {*labels, "le"} for name, labels in HISTOGRAM.items()},
    **{f"{name}_count": labels for name, labels in HISTOGRAM.items()},
    **{f"{name}_sum": labels for name, labels in HISTOGRAM.items()},
    "up": {"job", "instance"},  # Prometheus' own
}
WORDS = {"and", "or", "by"}
FUNCTIONS = {
    *("rate", "increase", "sum", "max", "min", "histogram_quantile", "vector", "time", "absent"),
}


def mistakes(query, exposed):
    """What is wrong with a query: unknown metrics, labels, label values or functions."""
    found = []
    if query.count("(") != query.count(")"):
        found.append("unbalanced parentheses")
    grouped = {
        label.strip()
        for group in re.findall(r"\bby \(([^)]*)\)", query)
        for label in group.split(",")
    }
    query = re.sub(r"\bby \([^)]*\)", "", query)
    for metric, matchers in re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", query):
        for label, _, value in re.findall(r'(\w+)(=~|=|!=)"([^"]*)"', matchers):
            if label not in exposed.get(metric, {label}):
                found.append(f"{metric} has no label {label}")
            if label == "status" and "request_count" in metric:
                found += [f"no status {one}" for one in set(value.split("|")) - STATUSES]
            if label == "status" and "load" in metric and value not in ("success", "fail"):
                found.append(f"no outcome {value}")
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", query)
    names = set(re.findall(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\w)", bare)) - WORDS
    functions = set(re.findall(r"([a-z_]+)\s*\(", bare)) - WORDS
    found += [f"no function {name}" for name in functions - FUNCTIONS]
    metrics = names - functions
    found += [f"no metric {name}" for name in metrics - set(exposed)]
    known = set().union(*(exposed.get(name, set()) for name in metrics))
    found += [f"nothing to group by {label}" for label in grouped - known]
    return found


@pytest.fixture(scope="module")
def rules(files):
    groups = yaml.safe_load(files["monitoring/alerts.yaml"])["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def exposed(tmp_path_factory):
    """Metric -> its labels."""
    folder = tmp_path_factory.mktemp("exposed")
    found = dict(EXPOSED)
    for text in (Stream(folder).told(), told_of(traffic(folder / "traffic"))):
        for name, labels in samples(text):
            found.setdefault(name, {"job", "instance"}).update(label for label, _ in labels)
    return found


@pytest.fixture(scope="module")
def dashboard(files):
    return json.loads(files["monitoring/dashboard.json"])


@pytest.fixture(scope="module")
def slo(files):
    return list(yaml.safe_load_all(files["monitoring/slo.yaml"]))


def queries(rules, dashboard, slo):
    yield from (rule["expr"] for rule in rules)
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    for document in slo[1:]:
        ratio = document["spec"]["indicator"]["spec"]["ratioMetric"]
        yield from (ratio[part]["metricSource"]["spec"]["query"] for part in ("good", "total"))


def test_every_query_asks_for_what_is_told(rules, dashboard, slo, exposed):
    asked = list(queries(rules, dashboard, slo))
    assert len(asked) > 60
    assert {query: found for query in asked if (found := mistakes(query, exposed))} == {}


def test_all_that_is_told_is_asked_for(rules, dashboard, slo, exposed):
    asked = " ".join(queries(rules, dashboard, slo))
    derived = re.compile(r"_(sum|count|bucket)$")
    told = {derived.sub("", name) for name in exposed if name.startswith("sluice_")}
    assert {name for name in told if name not in asked} == {"sluice_traffic_model_version"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("rate(:tensorflow:serving:requests[5m])", "no metric"),
        ('up{job="x"} == 0 and tensorflow_serving_request_count > 0', "no metric"),
        ('rate(:tensorflow:serving:request_count{model="x"}[5m])', "has no label model"),
        ('rate(:tensorflow:serving:request_count{status="Internal"}[5m])', "no status Internal"),
        ('increase(:tensorflow:cc:saved_model:load_attempt_count{status="bad"}[5m])', "no outcome"),
        ("sum by (modell) (rate(:tensorflow:serving:request_count[5m]))", "nothing to group by"),
        ("sun(rate(:tensorflow:serving:request_count[5m]))", "no function sun"),
        ("sum(rate(:tensorflow:serving:request_latency[5m])", "unbalanced"),
        ("max(sluice_stream_waiting) > 1", "no metric"),
        ("max by (reason) (sluice_stream_backlog_entries)", "nothing to group by"),
    ],
)
def test_a_wrong_query_is_noticed(query, said, exposed):
    assert any(said in mistake for mistake in mistakes(query, exposed))


def test_alerts_are_complete_and_named_once(rules):
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
    names = [rule["alert"] for rule in rules]
    assert len(set(names)) == len(names) == 21


def test_bounds_follow_from_the_objectives():
    promised = Objectives(availability=0.99, latency_share=0.9, days=30)
    files = render(ServingSettings(objectives=promised), NEWEST, Gates())
    expressions = expressions_of(files)
    # 2 % of 30 days in one hour: 14.4 times faster than evenly; 5 % in six hours: 6 times.
    assert re.findall(r"> (\S+)", expressions["RecommenderFailingPage"]) == ["0.144", "0.144"]
    assert re.findall(r"> (\S+)", expressions["RecommenderFailingTicket"]) == ["0.06", "0.06"]
    assert re.findall(r"> (\S+)", expressions["RecommenderSlowTicket"]) == ["0.6", "0.6"]


def test_bounds_are_those_of_the_gates():
    overrides = {
        "normalised_entropy": {"upper": 0.9},
        "calibration": {"lower": 0.8, "upper": 1.25},
        "number_drift": {"upper": 0.2},
        "dead_letter_share": {"upper": 0.07},
        "catalogue_coverage_at_10": {"lower": 0.3},
    }
    promised = Objectives(freshness_s=5, fallback_share=0.125, model_days=2)
    files = render(ServingSettings(objectives=promised), NEWEST, gates_with(overrides))
    found = {
        name: re.findall(r"[<>] ([\d.]+)", rule) for name, rule in expressions_of(files).items()
    }
    assert found["RecommenderUninformative"] == ["0.9"]
    assert found["RecommenderMiscalibrated"] == ["0.8", "1.25"]
    assert found["RecommenderScoresDrift"] == ["0.2"]
    assert found["RecommenderStreamDeadLetters"] == ["0.07"]
    assert found["RecommenderCollapsed"] == ["0.3"]
    assert found["RecommenderStreamBehind"] == ["5"]
    assert found["RecommenderFallingBack"] == ["0.125"]
    assert found["RecommenderModelStale"] == [str(2 * 86_400)]


@pytest.mark.parametrize(("limit_ms", "micros"), [(1, 612.22), (50, 37481.3), (0.05, 32.4)])
def test_latency_is_counted_in_the_classes_of_the_server(limit_ms, micros):
    assert latency_class_micros(limit_ms) == pytest.approx(micros, rel=1e-4)


def test_every_panel_has_a_place_of_its_own(dashboard):
    cells = [
        (x, y)
        for panel in dashboard["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert {x for x, _ in cells} == set(range(24))
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    [source] = dashboard["templating"]["list"]
    used = {target["datasource"]["uid"] for p in dashboard["panels"] for target in p["targets"]}
    assert used == {f"${{{source['name']}}}"}


def test_objectives_are_of_openslo(slo):
    service, *objectives = slo
    assert (service["apiVersion"], service["kind"]) == ("openslo/v1", "Service")
    assert [document["spec"]["objectives"][0]["target"] for document in objectives] == [0.999, 0.99]
    for document in objectives:
        assert (document["apiVersion"], document["kind"]) == ("openslo/v1", "SLO")
        assert re.fullmatch(r"[a-z0-9-]{1,63}", document["metadata"]["name"])
        spec = document["spec"]
        assert set(spec) == {
            *("description", "service", "indicator", "timeWindow"),
            *("budgetingMethod", "objectives"),
        }
        assert spec["service"] == service["metadata"]["name"]
        assert spec["budgetingMethod"] == "Occurrences"
        assert spec["timeWindow"] == [{"duration": "28d", "isRolling": True}]


def test_prometheus_finds_the_port_of_the_metrics(files, objects):
    job, stream = yaml.safe_load(files["monitoring/prometheus.yaml"])["scrape_configs"]
    pod = objects["Deployment"]["spec"]["template"]
    ports = [port["name"] for port in pod["spec"]["containers"][0]["ports"]]
    app, port = job["relabel_configs"][0]["regex"].split(";")
    assert pod["metadata"]["labels"] == {"app.kubernetes.io/name": app}
    assert port in ports
    assert f'path: "{job["metrics_path"]}"' in files["monitoring.txtpb"]
    [discovery] = job["kubernetes_sd_configs"]
    assert discovery["namespaces"]["names"] == [objects["Namespace"]["metadata"]["name"]]
    assert stream["relabel_configs"][0]["regex"] == f"{stream['job_name']};metrics"
    down = expressions_of(files)["RecommenderStreamDown"]
    assert down.count(f'up{{job="{stream["job_name"]}"}}') == 2
