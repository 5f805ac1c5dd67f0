"""Requests for what the user has had: their share, and what is measured without them."""

import math

import numpy as np
import pytest

from tests.trainer.metrics.computing import compute
from trainer.metrics.ranker_scores import ScoreMetric
from trainer.metrics.reliability_diagram import ReliabilityDiagram
from trainer.metrics.repeats import MeasuredRows, RepeatShare


def row(repeat, predicted=0.5):
    return {
        "predictions": {"score": np.array([predicted, 0.25])},
        "features": {
            "label": np.array([1.0, 0.0], np.float32),
            "candidate_probability": np.array([1.0, 1.0]),
            "is_repeat": np.array([repeat], object),
        },
    }


ROWS = [row(b"0"), row(b"1", 0.9), row(b"0"), row(b"0")]


@pytest.mark.parametrize("bundles", [1, 2, 7])
def test_share_and_numbers(bundles):
    assert compute(RepeatShare(), ROWS, "score", bundles) == {"repeat_share": 0.25}
    fresh = compute(MeasuredRows(), ROWS, "score", bundles)
    assert fresh == {"example_count": 3.0}


def test_scores_of_repeats_can_be_left_out():
    fresh = [ROWS[0], ROWS[2], ROWS[3]]
    for name in ("calibration", "auc", "relative_ece", "log_loss"):
        without = compute(ScoreMetric(name, repeats=False), ROWS, "score")
        assert without == compute(ScoreMetric(name), fresh, "score")
    assert compute(ScoreMetric("calibration"), ROWS, "score") == {"calibration": 3.4 / 4}
    plots = [
        compute(ReliabilityDiagram(repeats=False), ROWS, "score"),
        compute(ReliabilityDiagram(), fresh, "score"),
    ]
    assert plots[0] == plots[1]


def test_nothing_but_repeats_is_not_a_number():
    only = [ROWS[1]]
    assert math.isnan(compute(ScoreMetric("auc", repeats=False), only, "score")["auc"])
    assert compute(MeasuredRows(), only, "score") == {"example_count": 0.0}
    assert math.isnan(compute(RepeatShare(), [], "score")["repeat_share"])


def test_a_row_that_does_not_say_is_refused():
    silent = row(b"0")
    del silent["features"]["is_repeat"]
    with pytest.raises(ValueError, match=r"needs an `is_repeat`.* Received: \[\]"):
        compute(ScoreMetric("auc", repeats=False), [silent], "score")
