"""Whether lists earn what they used to."""

import numpy as np
import polars as pl
import pytest

from pipeline.closed_loop.earnings import LEAST, earnings

USERS, LISTS = 120, 3


def write_day(folder, *, chance, seed, users=range(USERS), source="model"):
    """Lists of three items, each clicked with a chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in users:
        for number in range(LISTS):
            name = f"{folder.name}-{user}-{number}"
            rows += [(f"u{user}", "impression", name, source)] * 3
            rows += [(f"u{user}", "click", name, None)] * int(rng.binomial(3, chance))
        rows.append((f"u{user}", "view", None, None))
    folder.mkdir()
    columns = ("user_id", "event_type", "request_id", "source")
    pl.DataFrame(rows, columns, orient="row").write_parquet(folder / "events-0.parquet")
    return folder


def test_equal_days_are_told_apart_by_chance_alone(tmp_path):
    days = [write_day(tmp_path / f"{n}", chance=0.3, seed=n) for n in range(21)]
    apart = [earnings(days[n], days[n - 5 : n]).standard_errors for n in range(5, 21)]
    assert not any(value < LEAST for value in apart)
    assert np.std(apart) == pytest.approx(1, abs=0.5)


def test_lists_that_are_clicked_less_are_found(tmp_path):
    before = [write_day(tmp_path / f"{n}", chance=0.3, seed=n) for n in range(5)]
    found = earnings(write_day(tmp_path / "now", chance=0.2, seed=9), before)
    assert found.fell
    assert found.before == pytest.approx(0.9, abs=0.1)
    assert found.clicks_per_list == pytest.approx(0.6, abs=0.1)


def test_new_users_and_other_lists_do_not_count(tmp_path):
    before = [write_day(tmp_path / "before", chance=0.3, seed=1)]
    strangers = range(USERS, 2 * USERS)
    assert earnings(write_day(tmp_path / "new", chance=0, seed=2, users=strangers), before) is None
    others = write_day(tmp_path / "own", chance=0, seed=3, source="fallback")
    assert earnings(others, before) is None


def test_the_first_day_has_nothing_to_be_compared_with(tmp_path):
    assert earnings(write_day(tmp_path / "now", chance=0.3, seed=1), []) is None
