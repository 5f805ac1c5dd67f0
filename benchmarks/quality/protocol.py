"""Who is asked for what, over the full catalogue, and what both sides are held to.

Events stand in the order (event_time, order of the input). All items compete that the user has not
had. Leave-one-out asks for each user's last event, and the one before validates; who has fewer than
three is not asked. By time, the last tenth of all events is held out, and each user is asked for
once: the first event in it. What follows is known to nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from trainer.metrics import ranks as list_metrics
from transform.settings import SplitSettings
from transform.splits import find_cut_offs

K = 10
_FEWEST_TO_HOLD_OUT = 3

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


def divided(events: pl.DataFrame, split: SplitSettings) -> pl.DataFrame:
    """Events of users in their order, with `period`: 2 is asked for, 1 validates, 0 teaches.

    Args:
        events: `user_id`, `item_id`, `event_time`; order of the input.
        split: How they are divided.

    Returns:
        Users stand in the order in which they first appear.
    """
    user = pl.col("user_id")
    appears = events.select("user_id").unique(maintain_order=True).with_row_index("user")
    ordered = events.join(appears, on="user_id", maintain_order="left").sort(
        "user", "event_time", maintain_order=True
    )
    if split.protocol == "leave_one_out":
        left = (pl.len() - pl.int_range(pl.len()) - 1).over(user).cast(pl.Int64)
        holds_out = pl.len().over(user) >= _FEWEST_TO_HOLD_OUT
        period = pl.when(holds_out).then((2 - left).clip(lower_bound=0)).otherwise(0)
        return ordered.with_columns(period=period)
    cut = find_cut_offs(*np.unique_counts(events["event_time"].to_numpy()), split)
    time = pl.col("event_time")
    period = (time >= cut.validation_from).cast(pl.Int64) + (time >= cut.eval_from)
    asked_for_once = pl.int_range(pl.len()).over("user", "period") == 0
    return ordered.with_columns(period=period).filter((pl.col("period") < 2) | asked_for_once)


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
