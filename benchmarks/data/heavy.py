"""A user with very many events must not hold the others up."""

from __future__ import annotations

import statistics
from pathlib import Path

import polars as pl

from benchmarks.data.sizes import Sizes
from benchmarks.data.workshop import Side, Workshop, run_once
from benchmarks.results import Row, at_most
from components.artifacts import DataAccount

_STRAGGLER = 1.3


def heavy_user(shop: Workshop, sizes: Sizes) -> list[Row]:
    """The slowest partition against the middle one."""
    log = shop.log(sizes.heavy, heavy_user=sizes.heavy_user)
    run_once(shop, Side.SLUICE, log)
    seconds = partition_seconds(
        shop.out(Side.SLUICE, log) / "account" / DataAccount.PARTITIONS_FILE
    )
    return [
        at_most(
            f"slowest partition, one user with {sizes.heavy_user:,} of {sizes.heavy:,} events",
            max(seconds) / statistics.median(seconds),
            "x of the median",
            _STRAGGLER,
            {"partitions": len(seconds), "slowest (s)": max(seconds)},
        )
    ]


def partition_seconds(file: Path) -> list[float]:
    """Seconds that the rows of each partition took, from the node's own account."""
    return pl.read_parquet(file)["seconds"].to_list()
