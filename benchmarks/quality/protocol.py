"""Leave-one-out over the full catalogue, and what both sides are held to.

Each user's last event is asked for, the one before validates. Events stand in the order
(event_time, order of the input). All items compete that the user has not had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from trainer.metrics import ranks as list_metrics

K = 10

Ints = npt.NDArray[np.int64]


class OtherTargetsError(RuntimeError):
    """The test targets are not those that the bars were set on."""


@dataclass(frozen=True)
class Quality:
    """What a recommender achieves on the test requests."""

    ndcg: float
    hit_rate: float


def quality(target_ranks: Ints) -> Quality:
    """NDCG@10 and HR@10 of ranks from 1; 0 where the target was not recommended."""
    counts = list_metrics.rank_counts(target_ranks)
    return Quality(list_metrics.ndcg(counts, K), list_metrics.recall(counts, K))


def in_order(events: pl.DataFrame) -> pl.DataFrame:
    """`user_id` and `items`: each user's items, oldest first; users in order of appearance."""
    ordered = events.sort("event_time", maintain_order=True)
    users = events.select(pl.col("user_id").unique(maintain_order=True))
    histories = ordered.group_by("user_id", maintain_order=True).agg(items="item_id")
    return users.join(histories, on="user_id", how="left", maintain_order="left")


def fingerprint(users: Sequence[str], targets: Sequence[str]) -> str:
    """SHA-256 of the sorted lines `user TAB item` of all test targets, joined by line feeds."""
    lines = sorted(f"{user}\t{item}" for user, item in zip(users, targets, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def check_targets(users: Sequence[str], targets: Sequence[str], expected: str) -> None:
    """Holds test targets against a fingerprint; "" lets any pass.

    Raises:
        OtherTargetsError: They have another one.
    """
    found = fingerprint(users, targets)
    if expected not in ("", found):
        raise OtherTargetsError(
            f"The SHA-256 of the test targets must be {expected}, or figures cannot be compared. "
            f"Received: {found} of {len(users)} users. Use the unchanged log, in the order of its "
            "file."
        )
