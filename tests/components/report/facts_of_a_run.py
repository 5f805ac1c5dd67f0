"""Facts of made-up runs, for the tests of the page: a blessed one, a withheld one, an empty one."""

import random

from components.checks import Bound
from components.report.facts import (
    Artifact,
    CalibrationBin,
    Evaluation,
    Facts,
    Gate,
    Measured,
    QualityRow,
    Slice,
    Training,
)
from tests.components.report.lists_of_a_run import sample
from transform.features import RUNGS, Feature
from transform.job.account import Account

CREATED = 1_780_000_000
EMPTY = Facts(created=CREATED)


def blessed(**changes):
    """A run in which everything was measured and passed."""
    return Facts(**{**_everything(), **changes})


def withheld(**changes):
    """The same run with a model worse than ItemKNN."""
    ndcg = Bound(name="ndcg_at_10", lower=0.10, why="lists are worse than those of ItemKNN")
    auc = Bound(name="auc", lower=0.7, why="the ranker hardly tells items apart")
    failing = Gate(name="verdict", measured=True, checks=(ndcg.check(0.05), auc.check(0.82)))
    gates = (_data_gate(), failing, _serving_gate())
    return blessed(**{"blessed": False, "pushed_version": None, "gates": gates, **changes})


def _everything():
    return {
        "pipeline": "movielens-100k",
        "run_id": "2026-11-23T17:00:00.000000",
        "created": CREATED,
        "settings": "name: movielens-100k\nseed: 17\n",
        "settings_hash": "5f0c" * 16,
        "code": "9a77" * 16,
        "versions": {"tfx": "1.21.0", "tensorflow": "2.21.0"},
        "features": (
            Feature(name="gender", side="query", kind="category"),
            Feature(name="age", side="query", kind="number"),
            Feature(name="genres", side="candidate", kind="category", separator="|"),
            Feature(name="title", side="candidate", kind="text"),
            Feature(name="released", side="candidate", kind="time"),
        ),
        "account": Account(
            rows_in=100_060,
            events=100_000,
            impressions=40_000,
            duplicates=48,
            dead_letters={"event_time lies in the future": 2, "user_id is missing": 10},
            users=943,
            items=1682,
            items_described=1.0,
            users_described=0.995,
            rows_out={
                "train": 3541,
                "ranking": 7432,
                "validation": 943,
                "eval": 943,
                "catalogue": 1682,
            },
            periods={
                "training": _period(98_114, 874_724_710, 890_000_000),
                "validation": _period(943, 874_800_000, 891_000_000),
                "evaluation": _period(943, 875_000_000, 893_286_638),
            },
            eval_targets_sha256="ab12" * 16,
            fingerprint="77e1" * 16,
            bytes_read=1_250_000,
            bytes_total=5_000_000,
            partitions=("dt=1997-09-20", "dt=1997-09-21", "dt=1998-04-22"),
            read_at=893_286_999.0,
        ),
        "gates": (_data_gate(), _verdict_gate(), _serving_gate()),
        "blessed": True,
        "infra_blessed": True,
        "pushed_version": 3,
        "quality": (
            _quality("recommender", 0.1043, 0.1951, 0.0771),
            _quality("item_knn", 0.0921, 0.1718, 0.0688),
            _quality("sequential_rules", 0.1012, 0.1866, 0.0757),
            _quality("recent_popular", 0.0587, 0.1124, 0.0429),
            _quality("most_popular", 0.0421, 0.0859, 0.0291),
        ),
        "evaluations": (_lists(), _ranker()),
        "calibration": tuple(
            CalibrationBin(count=20_000 / (i + 1) ** 2, predicted=p, observed=p * 0.9 + 0.005)
            for i, p in enumerate((0.01, 0.04, 0.08, 0.15, 0.22, 0.31, 0.44))
        ),
        "trainings": (
            Training(
                model="Retriever",
                history={
                    "loss": tuple(6.8 - 2.4 * (1 - 0.8**i) for i in range(14)),
                    "val_ndcg_at_10": tuple(0.09 * (1 - 0.7**i) - i * 4e-4 for i in range(14)),
                },
            ),
            Training(
                model="Ranker",
                history={
                    "loss": (0.21, 0.14, 0.12, 0.11, 0.10),
                    "val_loss": (0.17, 0.13, 0.121, 0.123, 0.127),
                },
            ),
        ),
        "lists": sample(),
        "artifacts": (
            Artifact(role="account", type_name="SluiceDataAccount", id=4, uri="/runs/x/account/1"),
        ),
    }


def _period(events, first, last):
    return {"events": events, "first_time": first, "last_time": last}


def _quality(model, ndcg, recall, mrr):
    metrics = {"ndcg_at_10": ndcg, "recall_at_10": recall, "mrr_at_10": mrr}
    return QualityRow(model=model, metrics=metrics)


def _data_gate():
    drift = Bound(name="category_drift", upper=0.12, why="the mix is another")
    apart = Bound(name="number_drift", upper=0.11, why="the numbers lie elsewhere")
    skew = Bound(name="number_skew", upper=0.3, why="the test asks for others")
    leaked = Bound(name="leaked_rows", upper=0, why="the training rows know the future")
    certified = Bound(name="certified_rows", lower=1, why="nothing was compared")
    auc = Bound(name="single_feature_auc", lower=0.02, upper=0.98, why="it tells the label")
    checks = [
        Bound(name="duplicate_share", upper=0.5, why="the log repeats itself").check(0.0005),
        Bound(name="anomalies", upper=0, why="columns are not what they were").check(
            0.0, subject="train"
        ),
        apart.check(0.031, subject="train.age"),
        drift.check(0.004, subject="train.gender"),
        skew.check(0.15, subject="eval.age"),
        auc.check(0.71, subject="released"),
        auc.check(0.22, subject="genres"),
        Bound(name="single_feature_auc").check(0.5, subject="gender"),
    ]
    for moment in ("after training:", "at the request:"):
        checks += [
            certified.check(400, subject=f"ranking {moment}"),
            leaked.check(0.0, subject=f"ranking {moment}"),
        ]
    return Gate(name="data", measured=True, checks=tuple(checks))


def _verdict_gate():
    checks = [
        Bound(name="ndcg_at_10", lower=0.05, why="lists are hardly better than chance").check(0.1),
        Bound(name="auc", lower=0.7, why="the ranker hardly tells items apart").check(0.86),
        Bound(name="calibration", lower=0.8, upper=1.25, why="scores are no rates").check(1.04),
        Bound(name="ndcg_at_10_gain", lower=-0.1, why="the old one is better").check(0.021),
        Bound(name="ndcg_at_10_lead", lower=1e-6, why="a simple list serves users as well").check(
            0.0122, subject="over item_knn:"
        ),
        Bound(name="slice_auc", lower=0.5, why="the order is worse than a random one").check(
            0.81, subject="user_rung=6-20:"
        ),
        Bound(name="ndcg_at_10_lead").check(
            0.0031, subject="over sequential_rules (reported only):"
        ),
        Bound(name="blessed by ListEvaluator", lower=1, why="see its validation result").check(1.0),
    ]
    return Gate(name="verdict", measured=True, checks=tuple(checks))


def _serving_gate():
    checks = (
        Bound(name="first_call_seconds", upper=10, why="the first user waits").check(0.14125),
        Bound(
            name="embedding_difference", upper=1e-4, why="served features are not the trained ones"
        ).check(3e-7),
        Bound(name="cold_start_full", lower=1.0, why="an unknown user gets less").check(1.0),
        Bound(name="latency_p50_ms", upper=1000, why="users wait").check(7.312),
        Bound(name="memory_mb", upper=4096, why="it does not fit its machine").check(812.4),
    )
    return Gate(name="serving", measured=True, checks=checks)


def _lists():
    random_numbers = random.Random(5)
    slices = [_slice("", "", 943, 0.1043)]
    for feature in ("user_rung", "item_rung"):
        for (_, rung), ndcg, count in zip(
            RUNGS[1:], (0.02, 0.055, 0.081, 0.112), (3, 41, 120, 779), strict=True
        ):
            slices.append(_slice(feature, rung, count, ndcg))
    for value in ("administrator", "artist", "doctor", "educator", "engineer", "student", "writer"):
        ndcg = random_numbers.uniform(0.06, 0.14)
        slices.append(_slice("occupation", value, random_numbers.randint(5, 200), ndcg))
    metrics = ("ndcg_at_10", "recall_at_10", "mrr_at_10")
    return Evaluation(name="list", metrics=metrics, slices=tuple(slices))


def _slice(feature, value, count, ndcg):
    spread = 0.4 / count**0.5
    metrics = {
        "ndcg_at_10": Measured(value=ndcg, lower=max(ndcg - spread, 0), upper=ndcg + spread),
        "recall_at_10": Measured(value=ndcg * 1.9),
        "mrr_at_10": Measured(value=None if count < 5 else ndcg * 0.7),
    }
    return Slice(feature=feature, value=value, count=count, metrics=metrics)


def _ranker():
    slices = tuple(
        Slice(
            feature=feature,
            value=value,
            count=count,
            metrics={"auc": Measured(value=auc), "log_loss": Measured(value=0.11)},
        )
        for feature, value, count, auc in (
            ("", "", 30_176, 0.861),
            ("gender", "F", 8_736, 0.852),
            ("gender", "M", 21_440, 0.865),
        )
    )
    return Evaluation(name="ranker", metrics=("auc", "log_loss"), slices=slices)
