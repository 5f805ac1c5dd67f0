"""Bad models through the real Evaluators and the judge: each is withheld, for the right reason."""

import pytest

from components.checks import Bound
from components.training_period import TrainingPeriod
from components.verdict.judge import Evidence, judge
from pipeline.gate_overrides import gates_with
from tests.pipeline.evaluating import evaluate
from tests.pipeline.planned_models import (
    FIRST_REQUEST,
    ITEMS,
    KINDS,
    REQUESTS,
    PlannedRecommender,
    write_rows,
)

pytestmark = pytest.mark.slow

BEFORE = TrainingPeriod(protocol="time", first_time=1, last_time=FIRST_REQUEST - 1)


class Trial:
    """Models and rows on disk; what the Evaluators found of each model, against `peer`."""

    def __init__(self, folder):
        self.folder = folder
        self.rows = write_rows(folder / "examples")
        for kind in KINDS:
            PlannedRecommender(kind).save(folder / kind)
        self.found = {}

    def results(self, kind):
        if kind not in self.found:
            self.found[kind] = {
                config: evaluate(
                    self.rows,
                    self.folder / f"{kind}-{config}",
                    config,
                    self.folder / kind,
                    self.folder / "peer",
                )
                for config in ("scores", "lists")
            }
        return self.found[kind]

    def failed(self, kind, *, training=BEFORE, gates=None):
        """Name -> sentence of each check that fails."""
        (ranker_blessed, ranker), (lists_blessed, lists) = self.results(kind).values()
        popular = self.results("popular")["lists"][1]
        one_list = {m: popular.value(m) for m in ("ndcg_at_10", "distinct_items_at_10")}
        evidence = Evidence(
            ranker=ranker,
            lists=lists,
            evaluators={"RankerEvaluator": ranker_blessed, "ListEvaluator": lists_blessed},
            baselines=dict.fromkeys(("most_popular", "recent_popular", "item_knn"), one_list),
            data=[Bound(name="rows", lower=1).check(REQUESTS)],
            items=ITEMS,
            training=training,
            request_times=range(FIRST_REQUEST, FIRST_REQUEST + REQUESTS),
        )
        checks = judge(evidence, gates_with(gates or {}).verdict)
        return {check.name: check.sentence for check in checks if not check.passed}


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return Trial(tmp_path_factory.mktemp("controls"))


def test_a_good_model_passes(trial):
    assert trial.failed("good") == {}


@pytest.mark.parametrize(
    ("kind", "named", "reason"),
    [
        ("shuffled", "auc", "shuffled labels or a broken feature"),
        ("shuffled", "ndcg_at_10_gain", "the blessed model gives better lists"),
        ("shuffled", "gauc_gain", "the blessed model orders candidates better"),
        ("popular", "over most_popular: ndcg_at_10_lead", "a simple list serves users as well"),
        ("popular", "coverage_over_most_popular", "the model has collapsed"),
        ("inflated", "calibration_gain", "promises more nearly what happens"),
        ("bad_south", "segment=south: slice_auc", "worse than a random one"),
        ("bad_south", "segment=south: slice_ndcg_at_10_gain", "better lists"),
        ("bad_south", "segment=south: slice_log_loss_gain", "predicts better"),
        ("collapsed", "distinct_list_ratio_at_10", "the model has collapsed"),
        ("collapsed", "catalogue_coverage_at_10", "nearly none"),
    ],
)
def test_a_bad_model_is_withheld_and_the_reason_named(trial, kind, named, reason):
    failed = trial.failed(kind, gates={"catalogue_coverage_at_10": {"lower": 0.2}})
    assert named in failed
    assert reason in failed[named]


def test_a_bad_slice_hides_behind_good_absolute_averages(trial):
    assert not {"auc", "ndcg_at_10", "recall_at_10", "calibration"} & set(trial.failed("bad_south"))


def test_scores_too_high_by_a_tenth_are_named_and_nothing_else(trial):
    assert set(trial.failed("inflated")) <= {
        "calibration_gain",
        "log_loss_gain",
        "segment=north: slice_log_loss_gain",
        "segment=south: slice_log_loss_gain",
    }


def test_without_a_blessed_model_a_tighter_bound_names_the_calibration(trial):
    tight = {"calibration": {"lower": 0.95, "upper": 1.05}}
    assert "calibration" not in trial.failed("good", gates=tight)
    assert "calibration" in trial.failed("inflated", gates=tight)


def test_a_model_measured_on_what_trained_it_is_named(trial):
    seen = BEFORE.model_copy(update={"last_time": FIRST_REQUEST + REQUESTS})
    failed = trial.failed("good", training=seen)
    assert list(failed) == ["rows_within_training"]
    assert "may know the answers" in failed["rows_within_training"]
