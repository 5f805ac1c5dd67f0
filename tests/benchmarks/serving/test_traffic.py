"""Arrivals are a Poisson process; requests survive being written."""

import numpy as np
import pytest

from benchmarks.serving.traffic import HISTORY, arrivals, draw_queries, load_requests, save_requests


def gaps(schedule):
    return np.diff(schedule)


def is_poisson(schedule, rate, seconds):
    """Number, mean gap and spread of gaps as exponential gaps have them, within 5 sigma."""
    expected = rate * seconds
    return (
        abs(len(schedule) - expected) < 5 * np.sqrt(expected)
        and gaps(schedule).std() == pytest.approx(1 / rate, rel=0.1)
        and np.mean(gaps(schedule) > 1 / rate) == pytest.approx(np.exp(-1), abs=0.03)
    )


def test_arrivals_are_a_poisson_process():
    schedule = arrivals([(200.0, 50.0)], seed=3)
    assert (gaps(schedule) >= 0).all()
    assert schedule[0] >= 0
    assert schedule[-1] < 50.0
    assert is_poisson(schedule, 200.0, 50.0)


def test_a_clock_is_no_poisson_process():
    assert not is_poisson(np.arange(0.0, 50.0, 1 / 200), 200.0, 50.0)


def test_phases_follow_each_other_at_their_own_rates():
    schedule = arrivals([(100.0, 20.0), (300.0, 20.0), (100.0, 20.0)], seed=4)
    counts, _ = np.histogram(schedule, [0.0, 20.0, 40.0, 60.0])
    assert counts == pytest.approx([2000, 6000, 2000], rel=0.1)
    assert (gaps(schedule) >= 0).all()


def test_a_seed_says_everything():
    one, same, other = (arrivals([(50.0, 5.0)], seed) for seed in (1, 1, 2))
    assert one.tolist() == same.tolist() != other.tolist()


def test_requests_have_the_stated_history_and_known_items():
    queries = draw_queries(20, 5, seed=1)
    assert {len(query.history_item_id) for query in queries} == {HISTORY}
    names = {item for query in queries for item in query.history_item_id}
    assert names == {f"item-{n:07d}" for n in range(5)}


def test_requests_are_read_as_they_were_written(tmp_path):
    requests = [b"one", b"", b"\x00\xff" * 100, b"last"]
    save_requests(tmp_path / "requests.npz", requests)
    assert load_requests(tmp_path / "requests.npz") == requests
