"""What is asked, and when: drawn requests, arrivals that form a Poisson process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serving.query import Query

HISTORY = 50
_NOW = 1_750_000_000
_COUNTRIES = ("de", "fr", "it", "pl")

Floats = npt.NDArray[np.float64]


def arrivals(phases: Sequence[tuple[float, float]], seed: int) -> Floats:
    """When callers come, in seconds from the start, rising.

    A Poisson process of a known number of callers puts each of them anywhere with equal chance;
    its number is drawn first.

    Args:
        phases: (callers a second, seconds), one after the other.
        seed: Seed of the draw.
    """
    rng = np.random.default_rng(seed)
    parts, began = [], 0.0
    for rate, seconds in phases:
        parts.append(began + np.sort(rng.uniform(0.0, seconds, rng.poisson(rate * seconds))))
        began += seconds
    return np.concatenate(parts)


def draw_queries(count: int, items: int, seed: int) -> list[Query]:
    """Requests of users with a full history.

    Args:
        count: How many.
        items: Number of items.
        seed: Seed of the draw.
    """
    rng = np.random.default_rng(seed)
    times = tuple(int(_NOW - 3600 * (HISTORY - event)) for event in range(HISTORY))
    return [
        Query(
            user_id=f"user-{number}",
            request_time=_NOW,
            history_item_id=tuple(f"item-{n:07d}" for n in rng.integers(items, size=HISTORY)),
            history_event_type=("view",) * HISTORY,
            history_time=times,
            features={"country": _COUNTRIES[number % len(_COUNTRIES)]},
        )
        for number in range(count)
    ]


def save_requests(path: Path, requests: Sequence[bytes]) -> None:
    """Writes serialized requests."""
    ends = np.cumsum([len(request) for request in requests])
    np.savez(path, ends=ends, content=np.frombuffer(b"".join(requests), np.uint8))


def load_requests(path: Path) -> list[bytes]:
    """Reads what `save_requests` wrote."""
    with np.load(path) as file:
        ends, content = file["ends"], file["content"].tobytes()
    return [content[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
