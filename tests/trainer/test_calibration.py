"""Tests of the combination and calibration of scores."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.calibration import Calibration, at_rate, fit_calibration


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def planted(rows: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Requests whose taken candidate follows the first signal; the second is noise."""
    rng = np.random.default_rng(5)
    signals = rng.normal(size=(rows, 10, 2)).astype(np.float32)
    utility = 1.5 * signals[..., 0] + rng.gumbel(size=(rows, 10))
    labels = utility.argmax(axis=1)[:, np.newaxis] == np.arange(10)
    return signals, np.ones((rows, 10), bool), labels


def predict(calibration: Calibration, signals: np.ndarray) -> np.ndarray:
    scores = signals @ np.array(calibration.weights)
    return sigmoid(calibration.slope * scores + calibration.offset)


def test_the_signal_gets_its_planted_weight_and_noise_none() -> None:
    calibration = fit_calibration(*planted())
    assert calibration.weights[0] == pytest.approx(1.5, abs=0.1)
    assert abs(calibration.weights[1]) < 0.1


def test_predicted_and_observed_rates_agree() -> None:
    signals, valid, labels = planted()
    predicted = predict(fit_calibration(signals, valid, labels), signals)
    assert predicted.mean() == pytest.approx(labels.mean(), rel=1e-3)
    top = predicted > np.quantile(predicted, 0.9)
    assert predicted[top].mean() == pytest.approx(labels[top].mean(), rel=0.1)


def test_rates_agree_where_one_candidate_of_thousands_is_taken() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(4.0, 1.0, 400_000)
    taken = rng.random(score.shape) < sigmoid(1.3 * (score - 4.0) + np.log(1e-4))
    # A request of two candidates each, whose first one is never taken.
    signals = np.stack([np.full(len(score), 4.0), score], axis=1).astype(np.float32)[..., None]
    labels = np.stack([np.zeros_like(taken), taken], axis=1)
    predicted = predict(fit_calibration(signals, np.ones(labels.shape, bool), labels), signals)
    assert predicted.sum() == pytest.approx(taken.sum(), rel=1e-4)


def flagged(share: float, worth: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Requests some of whose candidates have a flag, which is worth something."""
    signals, valid, _ = planted(1000)
    rng = np.random.default_rng(6)
    flag = (rng.random(valid.shape) < share).astype(np.float32)
    utility = 1.5 * signals[..., 0] + worth * flag + rng.gumbel(size=valid.shape)
    labels = utility.argmax(axis=1)[:, np.newaxis] == np.arange(10)
    return np.concatenate([signals, flag[..., np.newaxis]], axis=-1), valid, labels


def test_a_flag_gets_its_worth_where_requests_tell_of_it() -> None:
    assert fit_calibration(*flagged(0.1, 2.0)).weights[2] == pytest.approx(2.0, abs=0.3)


def test_a_rare_flag_of_which_no_request_tells_gets_nothing() -> None:
    signals, valid, labels = flagged(2e-4, -1000.0)
    has_it = signals[..., 2] == 1.0
    assert 1 <= has_it.sum() <= 3
    assert not labels[has_it].any()
    weights = fit_calibration(signals, valid, labels).weights
    assert abs(weights[2]) < 0.3
    assert weights[0] == pytest.approx(1.5, abs=0.1)


def test_empty_places_have_no_say() -> None:
    signals, valid, labels = planted()
    free = fit_calibration(signals, valid, labels)
    rng = np.random.default_rng(1)
    wide = np.concatenate(
        [signals, 100 * rng.normal(size=signals.shape).astype(np.float32)], axis=1
    )
    padded = fit_calibration(
        wide,
        np.concatenate([valid, ~valid], axis=1),
        np.concatenate([labels, np.zeros_like(labels)], axis=1),
    )
    assert padded.weights == pytest.approx(free.weights, rel=1e-4)
    assert padded.offset == pytest.approx(free.offset, rel=1e-3)


def test_requests_without_any_hit_are_refused() -> None:
    signals, valid, labels = planted(10)
    with pytest.raises(ValueError, match=r"Received: 10 requests, none with a hit.*candidates"):
        fit_calibration(signals, valid, np.zeros_like(labels))


def test_each_of_several_that_were_taken_counts() -> None:
    """A request with two taken ones says what two requests with one each say."""
    signals, valid, labels = planted(500)
    other = np.roll(labels, 3, axis=1)
    both = fit_calibration(signals, valid, labels | other)
    twice = [np.concatenate([part, part]) for part in (signals, valid)]
    one_each = fit_calibration(*twice, np.concatenate([labels, other]))
    # Half as many requests with twice the loss: the penalty weighs half.
    assert both.weights == pytest.approx(one_each.weights, rel=5e-3, abs=2e-3)


def in_shown_order(rows: int = 6000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lists with the largest second signal first, of which users see the first places most.

    What they see they click on by the first signal alone.
    """
    rng = np.random.default_rng(8)
    signals = rng.normal(size=(rows, 10, 2)).astype(np.float32)
    order = np.argsort(-signals[..., 1], axis=1)
    signals = np.take_along_axis(signals, order[..., np.newaxis], axis=1)
    seen = np.arange(1, 11) ** -0.7
    labels = rng.random((rows, 10)) < seen * np.exp(signals[..., 0] - 4.0)
    return signals, np.ones(labels.shape, bool), labels


def test_what_stood_first_is_not_better_for_it() -> None:
    shown = in_shown_order()
    assert fit_calibration(*shown).weights[1] > 0.3  # taken for a reason to click
    wanted, order = fit_calibration(*shown, in_order_shown=True).weights
    assert wanted == pytest.approx(1.0, abs=0.1)
    assert abs(order) < 0.15


def test_clicks_on_what_was_shown_are_predicted_as_often_as_they_happen() -> None:
    signals, valid, labels = in_shown_order()
    predicted = predict(fit_calibration(signals, valid, labels, in_order_shown=True), signals)
    assert predicted.sum() == pytest.approx(labels.sum(), rel=1e-3)


def test_lists_of_which_nothing_was_taken_are_refused() -> None:
    signals, valid, labels = planted(10)
    with pytest.raises(ValueError, match=r"Received: 10 lists, and nothing taken.*attribution"):
        fit_calibration(signals, valid, np.zeros_like(labels), in_order_shown=True)


def test_other_candidates_are_promised_as_much_as_is_taken_of_them_in_the_same_order() -> None:
    signals, valid, labels = planted()
    fitted = fit_calibration(signals, valid, labels)
    others, often = signals[:500] + 1.0, np.random.default_rng(2).random((500, 10)) < 0.3
    moved = at_rate(fitted, others, valid[:500], often)
    assert (moved.weights, moved.slope) == (fitted.weights, fitted.slope)
    assert predict(moved, others).sum() == pytest.approx(often.sum(), rel=1e-6)
