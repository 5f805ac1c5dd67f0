"""Writes a simulated shop as the three datasets of the data contract, and its truth beside them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from simulation.shop import Behaviour, blocks
from simulation.world import items_table, items_truth, make_world

START = 1_704_067_200  # 2024-01-01, so that a log is never future-dated


def write_shop(
    out: Path,
    *,
    users: int,
    items: int,
    days: int = 90,
    behaviour: Behaviour | None = None,
    seed: int = 7,
) -> None:
    """Writes events, items, users and truth as Parquet.

    Layout: `events/part-00000.parquet` ..., `items.parquet`, `users.parquet`,
    `truth/items.parquet`, `truth/users.parquet`.

    Args:
        out: Folder to write into; it is created.
        users: Number of users, at least 1.
        items: Number of items, at least 2.
        days: Days that the log covers.
        behaviour: How users behave.
        seed: Seed; the same arguments give the same bytes.
    """
    if users < 1 or days < 1:
        raise ValueError(
            f"A shop needs at least 1 user and 1 day. Received: {users} users, {days} days."
        )
    world = make_world(items, days, START, seed)
    for folder in (out / "events", out / "truth"):
        folder.mkdir(parents=True, exist_ok=True)
    items_table(world).write_parquet(out / "items.parquet")
    items_truth(world).write_parquet(out / "truth" / "items.parquet")
    people, truths = [], []
    for number, block in enumerate(blocks(world, users, behaviour or Behaviour(), seed)):
        block.events.write_parquet(out / "events" / f"part-{number:05d}.parquet")
        people.append(block.users)
        truths.append(block.truth)
    pl.concat(people).write_parquet(out / "users.parquet")
    pl.concat(truths).write_parquet(out / "truth" / "users.parquet")
