"""What is read from answers is what TFX's Evaluator measures of the same models."""

import pytest

from benchmarks.power.answers import answers, without_history
from benchmarks.power.marks import marks, paired_sums
from benchmarks.power.traffic import read_traffic
from benchmarks.power.verdicts import evaluations
from components.example_columns import read_records
from tests.pipeline.evaluating import evaluate
from tests.pipeline.planned_models import PlannedRecommender, write_rows

pytestmark = pytest.mark.slow


def test_gains_of_each_slice_are_the_same(tmp_path):
    rows = str(write_rows(tmp_path / "examples") / "Split-eval")
    for kind in ("bad_south", "peer"):
        PlannedRecommender(kind).save(tmp_path / kind)
    traffic = read_traffic(rows, [("segment",), ("user_rung", "segment")])
    new, old = (
        marks(traffic, answers(tmp_path / kind / "Format-Serving", read_records([rows])))
        for kind in ("bad_south", "peer")
    )
    assert paired_sums(traffic, new, old).shape[0] == len(traffic.users)
    ours = dict(zip(("lists", "scores"), evaluations(traffic, new, old), strict=True))
    for config, metrics in {
        "lists": ("ndcg_at_10", "recall_at_10", "ndcg_at_100"),
        "scores": ("log_loss", "gauc", "calibration"),
    }.items():
        models = (tmp_path / "bad_south", tmp_path / "peer")
        _, theirs = evaluate(tmp_path / "examples", tmp_path / config, config, *models)
        for of in traffic.slices:
            assert ours[config].rows(of) == theirs.rows(of)
            for metric in metrics:
                found = ours[config].gain(metric, of)
                assert found == pytest.approx(theirs.gain(metric, of), rel=1e-4, abs=1e-6), metric


def test_a_request_without_history_keeps_all_else(tmp_path):
    record = next(iter(read_records([str(write_rows(tmp_path) / "Split-eval")])))
    lost = without_history(record)
    assert b"history_item_id" not in lost
    assert b"target_item_id" in lost
