"""Experiments with a known truth: users, day by day, whose past tells of their future."""

import numpy as np
import polars as pl

from components.experiments.users import Design, Users
from transform.aggregates import DAY_SECONDS

BEGIN = 1_700_000_000 // DAY_SECONDS * DAY_SECONDS
LATER = BEGIN + 1_000 * DAY_SECONDS  # no experiment is longer


def design(**changes):
    said = {
        "name": "trial",
        "arms": (("old", 1.0), ("new", 1.0)),
        "impression_type": "impression",
        "outcome": "buy",
        "outcome_days": 1,
        "before_days": 14,
        "alpha": 0.05,
        "planned_users": 5_000,
    }
    return Design(**{**said, **changes})


def simulated(rng, users, days, lift=0.0, mean=2.0):
    """Users who arrive evenly over some days; skewed counts that go with those before.

    Args:
        rng: Draws.
        users: How many.
        days: On how many days they arrive.
        lift: By which part the mean of the arm `new` is higher.
        mean: Outcomes of a user.
    """
    arm = rng.integers(0, 2, users)
    # Tastes differ more than a Poisson count does: many do little, few do much.
    taste = rng.gamma(2.0, 0.5, users) * mean
    return Users(
        pl.Series(np.arange(users).astype(str)),
        arm,
        BEGIN + np.sort(rng.integers(0, days * DAY_SECONDS, users)),
        rng.poisson(taste * (1 + lift * arm)).astype(float),
        rng.poisson(taste * 2).astype(float),
        0,
    )


def end(days, of=None):
    """When the time of all who came on some days is over."""
    return BEGIN + (days + (of or design()).outcome_days) * DAY_SECONDS
