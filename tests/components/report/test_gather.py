"""Artifacts become facts; what is missing becomes unmeasured, and what is broken an error."""

import json
from pathlib import Path

import pytest

from components.artifacts import STORED_AT
from components.report.gather import Run, gather
from tests.components.report.artifacts_of_a_run import PROPERTIES, write_run
from tests.components.report.facts_of_a_run import blessed
from trainer.tuning.chosen import note_chosen


def facts_of(inputs):
    return gather(inputs, PROPERTIES, Run(pipeline="made-up", run_id="r1"), created=1)


@pytest.fixture
def inputs(tmp_path):
    return write_run(tmp_path)


def test_everything_that_was_measured_is_there(inputs):
    facts = facts_of(inputs)
    assert (facts.pipeline, facts.run_id, facts.settings_hash) == ("made-up", "r1", "5f0c")
    assert (facts.blessed, facts.infra_blessed, facts.pushed_version) == (True, True, 7)
    assert facts.pushed_labels == ("canary", "stable")
    assert [(g.name, g.measured, len(g.checks)) for g in facts.gates] == [
        ("data", True, 1),
        ("verdict", True, 1),
        ("serving", True, 1),
    ]
    assert facts.account == blessed().account
    assert [feature.name for feature in facts.features] == ["age"]
    assert [e.name for e in facts.evaluations] == ["list", "ranker"]
    assert len(facts.calibration) == 2
    assert [t.model for t in facts.trainings] == ["Retriever", "Ranker"]
    assert facts.trainings[0].history["loss"] == (3.0, 2.0, None)
    assert [t.chosen for t in facts.trainings] == [{}, {}]
    assert facts.versions["tfx"].startswith("1.")


def test_values_that_a_search_chose_come_with_the_training(inputs):
    [run] = inputs["ranker_run"]
    note_chosen({"values": {"dropout": 0.2}}, "ranker", run.uri)
    assert facts_of(inputs).trainings[1].chosen == {"dropout": 0.2}


def test_the_recommender_leads_the_comparison_with_the_served_lists(inputs):
    rows = facts_of(inputs).quality
    assert [row.model for row in rows] == ["recommender", "most_popular", "item_knn"]
    assert rows[0].metrics == {"ndcg_at_10": 0.10, "recall_at_10": 0.20, "mrr_at_10": 0.08}
    assert rows[2].metrics == {"ndcg_at_10": 0.09, "recall_at_10": 0.17, "mrr_at_10": 0.07}


def test_a_withheld_model(tmp_path):
    facts = facts_of(write_run(tmp_path, blessed_model=False))
    assert (facts.blessed, facts.pushed_version, facts.pushed_labels) == (False, None, ())
    assert [check.name for check in facts.failed] == ["auc"]


def test_a_model_that_the_server_refuses(tmp_path):
    facts = facts_of(write_run(tmp_path, served=False))
    assert (facts.blessed, facts.infra_blessed, facts.pushed_version) == (True, False, None)


def test_without_any_input_nothing_is_measured_and_nothing_fails():
    facts = facts_of({})
    assert (facts.blessed, facts.infra_blessed, facts.account) == (None, None, None)
    assert not any(gate.measured for gate in facts.gates)
    assert (facts.quality, facts.evaluations, facts.trainings) == ((), (), ())


@pytest.mark.parametrize(
    "key",
    [
        *("account", "data_checks", "verdict_checks", "serving_checks", "blessing"),
        *("infra_blessing", "list_evaluation", "ranker_evaluation", "baselines"),
        *("retriever_run", "ranker_run", "pushed_model"),
    ],
)
def test_each_input_may_be_left_out(inputs, key):
    del inputs[key]
    facts = facts_of(inputs)
    assert key not in {artifact.role for artifact in facts.artifacts}


def test_without_baselines_the_recommender_stands_alone(inputs):
    del inputs["baselines"]
    assert [row.model for row in facts_of(inputs).quality] == ["recommender"]


def test_the_lineage_names_every_artifact(inputs):
    found = {(a.role, a.id, a.uri) for a in facts_of(inputs).artifacts}
    assert found == {(key, a.id, a.uri) for key, (a,) in inputs.items()}


def test_the_lineage_names_the_place_of_what_it_read_a_copy_of(inputs):
    [account] = inputs["account"]
    account.set_string_custom_property(STORED_AT, "s3://shop/account/7")
    places = {artifact.role: artifact.uri for artifact in facts_of(inputs).artifacts}
    assert places["account"] == "s3://shop/account/7"


def test_a_broken_account_is_an_error(inputs):
    path = Path(inputs["account"][0].uri) / "account.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "rows_in": "many"}))
    with pytest.raises(ValueError, match="rows_in"):
        facts_of(inputs)
