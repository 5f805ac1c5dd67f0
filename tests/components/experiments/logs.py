"""Logs as the compactor writes them, from users with a known truth."""

import numpy as np
import polars as pl

from transform.aggregates import DAY_SECONDS

COLUMNS = {
    "user_id": pl.String,
    "item_id": pl.String,
    "event_time": pl.Int64,
    "event_type": pl.String,
    "event_id": pl.String,
    "request_id": pl.String,
    "arm": pl.String,
}


def shown(user, at, arm, *, items=("a", "b"), request="r"):
    return [
        (user, item, at, "impression", f"{request}#{place}", request, arm)
        for place, item in enumerate(items)
    ]


def did(user, at, event_id, *, item="a", request=None, kind="buy"):
    return [(user, item, at, kind, event_id, request, None)]


def log_of(*rows):
    return pl.LazyFrame([one for some in rows for one in some], COLUMNS, orient="row")


def log_of_users(users, names=("old", "new"), experiment="trial"):
    """One list for each user at `first`, the outcomes within the day after, those before before."""
    rows = []
    for n, user in enumerate(users.user_id):
        at = int(users.first[n])
        rows += shown(user, at, f"{experiment}={names[users.arm[n]]}", items=("a",))
        for k in range(int(users.outcome[n])):
            rows += did(user, at + 60 + k, f"o{k}")
        for k in range(int(users.before[n])):
            rows += did(user, at - 60 - k, f"b{k}")
    last = int(users.first.max()) + DAY_SECONDS
    return log_of(rows, did("nobody", last, "end"))


def log_of_duels(rng, users, better, begin):
    """Drafted lists of two items in which each item of `new` is bought `better` times as often."""
    rows = []
    for n in range(users):
        at = begin + n * 60
        teams = ["old", "new"] if rng.random() < 0.5 else ["new", "old"]
        for place, team in enumerate(teams):
            rows.append(
                (f"u{n}", f"i{place}", at, "impression", f"r{n}#{place}", f"r{n}", f"duel={team}")
            )
            if rng.random() < 0.1 * (better if team == "new" else 1.0):
                rows += did(f"u{n}", at + 9, f"e{n}-{place}", item=f"i{place}", request=f"r{n}")
    return log_of(rows, did("nobody", begin + users * 60 + DAY_SECONDS, "end"))


def seeded(seed):
    return np.random.default_rng(seed)
