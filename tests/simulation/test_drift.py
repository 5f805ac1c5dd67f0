"""A planted drift shows in the log, and where none was planted there is none."""

import numpy as np
import polars as pl
import pytest

from simulation.plan import DAY, START

MIDDLE = START + 10 * DAY


def halves(events):
    late = pl.col("event_time") >= MIDDLE
    return events.filter(~late), events.filter(late)


def phone_share(events):
    return (events.unique("session_id")["device"] == "phone").mean()


def favourite_shares(shop):
    shares = []
    for half in halves(shop.events):
        views = half.filter(pl.col("event_type") == "view")
        joined = views.join(shop.items, on="item_id").join(shop.users_truth, on="user_id")
        shares.append((joined["category"] == joined["favourite"]).mean())
    return shares


def popularity_agreement(shop):
    """Rank correlation of how often items are viewed in the two halves."""
    early, late = (
        half.filter(pl.col("event_type") == "view")["item_id"].value_counts()
        for half in halves(shop.events)
    )
    joined = early.join(late, on="item_id")
    return joined.select(pl.corr("count", "count_right", method="spearman")).item()


def test_the_truth_says_when(drifting, shop):
    assert drifting.world["drift_time"] == MIDDLE
    assert shop.world["drift_time"] is None


def test_the_device_shifts(drifting):
    early, late = map(phone_share, halves(drifting.events))
    assert early == pytest.approx(0.45, abs=0.05)
    assert late == pytest.approx(0.75, abs=0.05)


def test_tastes_shift(drifting):
    early, late = favourite_shares(drifting)
    assert late < 0.75 * early


def test_popularity_shifts(drifting, shop):
    assert popularity_agreement(drifting) < popularity_agreement(shop) - 0.1


def test_users_come_from_elsewhere(drifting):
    late = drifting.users["signed_up_at"] >= MIDDLE
    early_share, late_share = (
        (drifting.users.filter(part)["country"] == "AT").mean() for part in (~late, late)
    )
    assert early_share > 2 * late_share


def test_without_a_drift_the_halves_are_alike(shop):
    early, late = map(phone_share, halves(shop.events))
    assert early == pytest.approx(late, abs=0.05)
    assert np.diff(favourite_shares(shop)) == pytest.approx(0, abs=0.05)
    late = shop.users["signed_up_at"] >= MIDDLE
    shares = [(shop.users.filter(part)["country"] == "AT").mean() for part in (~late, late)]
    assert shares[0] == pytest.approx(shares[1], abs=0.1)
