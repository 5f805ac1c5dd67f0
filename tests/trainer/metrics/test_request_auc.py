import math

import numpy as np
import pytest

from tests.trainer.metrics.computing import compute
from tests.trainer.metrics.test_ranker_scores import row
from trainer.metrics.gauc import RequestAuc
from trainer.metrics.request_auc import request_auc


@pytest.mark.parametrize(
    ("labels", "scores", "expected"),
    [
        ([1, 0, 0], [0.9, 0.1, 0.2], 1.0),
        ([1, 0, 0], [0.15, 0.1, 0.2], 0.5),
        ([1, 0], [0.3, 0.3], 0.5),
        ([1, 1, 0, 0], [0.4, 0.2, 0.3, 0.1], 0.75),
        ([1, 0], [math.nan, 0.3], 0.0),
    ],
)
def test_of_one_request(labels, scores, expected):
    assert request_auc(np.array(labels), np.array(scores)) == expected


def test_one_kind_of_label_says_nothing():
    assert math.isnan(request_auc(np.zeros(3), np.arange(3.0)))


def test_mean_over_requests_that_have_an_order():
    right = row([1, 0, 0], [0.9, 0.2, 0.1])
    wrong = row([1, 0, 0], [0.1, 0.2, 0.3])
    nothing = row([0, 0, 0])
    assert compute(RequestAuc(), [right, right, right, wrong, nothing], "score") == {"gauc": 0.75}


def test_levels_of_requests_do_not_matter():
    # A user whose scores are all low counts like any other: over all candidates the AUC is 0.5.
    low, high = row([1, 0], [0.02, 0.01], [1, 1]), row([1, 0], [0.9, 0.8], [1, 1])
    assert compute(RequestAuc(), [low, high], "score") == {"gauc": 1.0}


def test_no_request_gives_nan():
    assert math.isnan(compute(RequestAuc(), [], "score")["gauc"])
