"""What the lists of all users come to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

_RECENT = 0.1  # of the events: the latest ones

Ints = npt.NDArray[np.int64]


def target_ranks(shown: Ints, asked: pd.DataFrame) -> Ints:
    """Rank of each item asked for, from 1; 0 where the list of its user does not hold it.

    Args:
        shown: Lists of all users, [users, k].
        asked: Events: `user` and `item`, in any order; a user has one or none.

    Returns:
        In the order of users.
    """
    asked = asked.sort_values("user")
    hit = shown[asked["user"].to_numpy()] == asked["item"].to_numpy()[:, np.newaxis]
    ranks: Ints = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, 0)
    return ranks


def recently_popular(events: pd.DataFrame, k: int) -> Ints:
    """The k items that most of the latest events have; of equals the smaller code."""
    latest = events.sort_values("time", kind="stable").tail(max(1, int(len(events) * _RECENT)))
    counts = np.bincount(latest["item"], minlength=k)
    return np.argsort(-counts, kind="stable")[:k]
