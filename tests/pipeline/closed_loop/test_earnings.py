"""Whether lists earn what they used to."""

import numpy as np
import polars as pl
import pytest

from pipeline.closed_loop.earnings import LEAST, earnings

USERS, LISTS, COMPARED = 120, 3, 5


def write_day(folder, *, scale=1.0, seed, users=range(USERS), source="model"):
    """Lists of three items, each clicked with a chance that is the user's own."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in users:
        chance = scale * (0.05 + 0.5 * (user % 10) / 9)
        for number in range(LISTS):
            name = f"{folder.name}-{user}-{number}"
            rows += [(f"u{user}", "impression", name, source)] * 3
            rows += [(f"u{user}", "click", name, None)] * int(rng.binomial(3, chance))
        rows.append((f"u{user}", "view", None, None))
    folder.mkdir()
    columns = ("user_id", "event_type", "request_id", "source")
    pl.DataFrame(rows, columns, orient="row").write_parquet(folder / "events-0.parquet")
    return folder


def half_of_the_users(seed):
    return np.random.default_rng(seed).permutation(USERS)[: USERS // 2].tolist()


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    """Days without drift; on each of them half of the users come."""
    folder = tmp_path_factory.mktemp("days")
    return [write_day(folder / f"{n}", seed=n, users=half_of_the_users(n)) for n in range(40)]


def test_days_without_drift_are_told_apart_by_chance_alone(days):
    apart = [earnings(days[n - 6 : n], COMPARED).standard_errors for n in range(6, 41)]
    assert not any(value < LEAST for value in apart)
    assert np.std(apart) == pytest.approx(1, abs=0.3)
    assert abs(np.mean(apart)) < 0.5


def test_lists_that_are_clicked_less_are_found_on_the_same_day(days, tmp_path):
    now = write_day(tmp_path / "now", scale=0.6, seed=99, users=half_of_the_users(99))
    found = earnings([*days[:6], now], COMPARED)
    assert found.fell
    assert found.change == pytest.approx(-0.4, abs=0.12)


def test_lists_that_are_clicked_more_are_no_drift(days, tmp_path):
    now = write_day(tmp_path / "now", scale=1.4, seed=99, users=half_of_the_users(99))
    found = earnings([*days[:6], now], COMPARED)
    assert found.standard_errors > -LEAST
    assert not found.fell


def test_a_day_of_users_who_click_little_is_no_drift(days, tmp_path):
    """Who comes is no sign of what they think of the lists."""
    now = write_day(tmp_path / "now", seed=99, users=[n for n in range(USERS) if n % 10 < 4])
    assert not earnings([*days[:8], now], COMPARED).fell


def test_new_users_and_other_lists_do_not_count(days, tmp_path):
    strangers = range(USERS, 2 * USERS)
    new = write_day(tmp_path / "new", scale=0, seed=2, users=strangers)
    assert earnings([*days[:6], new], COMPARED) is None
    others = write_day(tmp_path / "own", scale=0, seed=3, source="fallback")
    assert earnings([*days[:6], others], COMPARED) is None


def test_the_first_days_have_nothing_to_be_compared_with(days):
    assert earnings(days[:1], COMPARED) is None
    assert earnings(days[:2], COMPARED) is None
    assert earnings(days[:3], COMPARED) is not None
