"""What is done with an item after it was shown: to which of its impressions that is credited."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def credited_impressions(
    who: Sequence[Ints], request: Ints | None, time: Ints, is_shown: Bools, window: float
) -> Ints:
    """Place of the impression that each event is credited to; -1 for impressions, and without one.

    A behaviour is credited to the latest impression of its item before it, in the list that it
    names if the item was shown there; to none if that is too long ago.

    Args:
        who: Codes of user and item, none negative, each [events], in order of time.
        request: Code of the list that an event belongs to or names, 0 for none; None where the
            log names no lists.
        time: Of the events, in seconds, never falling.
        is_shown: Which events are impressions.
        window: How long ago an impression may be, in seconds.
    """
    latest = _latest_shown(who, is_shown)
    if request is not None:
        named = _latest_shown([request, *who], is_shown)
        latest = np.where((request > 0) & (named >= 0), named, latest)
    found = ~is_shown & (latest >= 0)
    found &= time - time[latest] <= window
    return np.where(found, latest, -1)


def _latest_shown(keys: Sequence[Ints], is_shown: Bools) -> Ints:
    """Place of the latest impression before each event that has the same keys; -1 without one."""
    place = np.arange(len(is_shown))
    # Events of the same keys side by side, in order of time.
    order = np.lexsort((place, *keys))
    is_first = np.any([np.diff(key[order], prepend=-1) != 0 for key in keys], axis=0)
    begin = np.maximum.accumulate(np.where(is_first, place, 0))
    latest = np.maximum.accumulate(np.where(is_shown[order], place, -1))
    found = np.full(len(place), -1)
    found[order] = np.where(latest >= begin, order[latest], -1)
    return found
