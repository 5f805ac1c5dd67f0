"""A sample of the log small enough for memory: all events of some users."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from components.example_columns import read_batches
from transform import features as f

# A user with more than this share of the events wanted is left out: one would be the whole sample.
_HEAVY_SHARE = 0.25


def first_users(examples: Sequence[str], count: int) -> list[str]:
    """The first users of a written split whose rows are complete, in file order.

    Users lie in the order of a hash, so the first ones are a random sample.

    Args:
        examples: Folders of the split.
        count: Users wanted.
    """
    found: dict[str, None] = {}
    for _, frame in read_batches(examples, {f.USER_ID: "bytes"}):
        ids = frame[f.USER_ID].list.first().cast(pl.String).unique(maintain_order=True)
        found.update(dict.fromkeys(ids))
        if len(found) > count:
            break
    return list(found)[:count]


def events_of(
    parts: Iterable[pl.DataFrame], users: Sequence[str], most: int
) -> tuple[pl.DataFrame, list[str]]:
    """All events of some users, as many as fit.

    Memory is bounded by `most` and one part: users are let go as soon as they are too many events.

    Args:
        parts: The log, a part at a time.
        users: Users, in the order in which they are wanted.
        most: Events to keep at most.

    Returns:
        The events in input order, and the users that were kept.
    """
    wanted = pl.DataFrame({f.USER_ID: users}, schema={f.USER_ID: pl.String})
    kept: pl.DataFrame | None = None
    for part in parts:
        new = part.join(wanted, on=f.USER_ID, how="semi", maintain_order="left")
        kept = new if kept is None else pl.concat([kept, new])
        if len(kept) > most:
            wanted = _fitting(wanted, kept, most)
            kept = kept.join(wanted, on=f.USER_ID, how="semi", maintain_order="left")
    if kept is None:
        kept = pl.DataFrame(schema={f.USER_ID: pl.String})
    return kept, wanted[f.USER_ID].to_list()


def _fitting(wanted: pl.DataFrame, events: pl.DataFrame, most: int) -> pl.DataFrame:
    """The first users with at most so many events together; heavy ones are passed over."""
    counts = events.group_by(f.USER_ID).agg(events=pl.len().cast(pl.Int64))
    return (
        wanted.join(counts, on=f.USER_ID, how="left", maintain_order="left")
        .with_columns(pl.col("events").fill_null(0))
        .filter(pl.col("events") <= _HEAVY_SHARE * most)
        .filter(pl.col("events").cum_sum() <= most)
        .select(f.USER_ID)
    )
