"""A new item, from the moment it is in the table to the moment a caller retrieves it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.processes import SideError, end_of, start
from benchmarks.refresh.workshop import SETTINGS, SLUICE, Workshop
from serving.client import RecommenderClient
from serving.embedded import embedded_server

_NEIGHBOURS = 100
_PAUSE_SECONDS = 0.2
_DEADLINE_SECONDS = 900.0


@dataclass(frozen=True)
class Arrival:
    """What became of a new item.

    Attributes:
        retrieved: Seconds until a caller retrieved it.
        ended: Seconds until the refresh had ended.
        nodes: Node of the refresh -> its seconds.
        before: Whether it was retrieved before there was a refresh: the negative control.
        calls: Calls that were made meanwhile; none failed.
    """

    retrieved: float
    ended: float
    nodes: Mapping[str, float]
    before: bool
    calls: int


def arrivals(shop: Workshop) -> Iterator[Arrival]:
    """New items, one after the other, into what one server goes on serving.

    Each is the twin of an item that is on sale and that nobody has seen: it has its content, and so
    must stand among its neighbours.
    """
    table = shop.items()
    seen = pl.col("item_id").is_in(shop.seen_items().implode())
    unseen = table.filter(~seen, pl.col("available_to").is_null())
    models = unseen.sample(shop.sizes.repeats, seed=1)
    log = shop.home / "server.log"
    began = time.time_ns()  # what an earlier run of the benchmark brought is still served
    with (
        embedded_server(shop.served, log_path=log) as server,
        RecommenderClient(server.address, timeout_s=60.0) as client,
    ):
        for number in range(shop.sizes.repeats):
            twin = models[number]
            name = f"new-{began}-{number}"
            table = pl.concat([table, twin.with_columns(pl.lit(name).alias("item_id"))])
            yield _arrival(shop, client, table, twin["item_id"].item(), name)


def _arrival(
    shop: Workshop, client: RecommenderClient, table: pl.DataFrame, twin: str, name: str
) -> Arrival:
    before = _is_retrieved(client, twin, name)
    began = time.perf_counter()
    file = shop.home / f"{name}.parquet"
    table.write_parquet(file)
    command: list[str | Path] = [SLUICE, "refresh-items", "--config", SETTINGS, "--items", file]
    log = shop.home / f"{name}.log"
    process = start(command, log, shop.variables)
    calls = 1
    try:
        while not _is_retrieved(client, twin, name):
            calls += 1
            _refuse_failed(process, log, time.perf_counter() - began)
            time.sleep(_PAUSE_SECONDS)
        retrieved = time.perf_counter() - began
        process.wait()
        _refuse_failed(process, log, 0.0)
    finally:
        process.kill()
    ended = time.perf_counter() - began
    nodes = {node.node_id: node.seconds for node in shop.last_run().nodes}
    return Arrival(retrieved, ended, nodes, before, calls)


def _is_retrieved(client: RecommenderClient, twin: str, name: str) -> bool:
    (near,) = client.similar_items([twin], _NEIGHBOURS)
    return any(item.item_id == name for item in near)


def _refuse_failed(process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    code = process.poll()
    if code or seconds > _DEADLINE_SECONDS:
        raise SideError(
            f"A refresh must end with code 0, and in {_DEADLINE_SECONDS:.0f} s its items must be "
            f"retrieved. Received: code {code} after {seconds:.0f} s. {end_of(log)}"
        )
