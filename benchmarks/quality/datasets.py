"""The public logs, as the three tables of the data contract.

Two of them may not be redistributed and are read from a folder that the caller names; the third is
what `sluice data fetch movielens-100k` brings.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.kept import simulated_log
from benchmarks.quality.protocol import Quality
from pipeline.datasets import movielens
from pipeline.loading import cache_dir

Tables = dict[str, pl.DataFrame]

FOLDER_VARIABLE = "SLUICE_QUALITY_DATA"


class NoDataError(RuntimeError):
    """A log is not where it should be."""


@dataclass(frozen=True)
class Dataset:
    """A log and how its quality is measured.

    Attributes:
        name: Its name; the settings of its pipeline lie in `settings/NAME.yaml`, and say how it is
            divided.
        targets: The SHA-256 of its test targets, see `protocol.fingerprint`; "" for any.
        load: Its tables, from the folder of all logs.
        bars: What the composed path has to reach; None: nothing but the lead.
        lead: How many times the best other of the run it has to reach as well.
        in_parts: Whether the retriever is trained once more without each of its parts.
    """

    name: str
    targets: str
    load: Callable[[Path | None], Tables]
    bars: Quality | None = None
    lead: float = 1.0
    in_parts: bool = False

    @property
    def settings(self) -> Path:
        """The settings of the composed path."""
        return Path(__file__).parent / "settings" / f"{self.name}.yaml"


def data_folder(given: Path | None) -> Path | None:
    """The folder of the logs: as given, else as the environment says."""
    named = os.environ.get(FOLDER_VARIABLE)
    return given or (Path(named) if named else None)


def _file(folder: Path | None, dataset: str, name: str) -> Path:
    """A file of a log.

    Raises:
        NoDataError: It is not there.
    """
    path = folder / dataset / name if folder else None
    if path is None or not path.is_file():
        raise NoDataError(
            f"The log {dataset} may not be redistributed, so it is read from a folder of yours. "
            f"Received: {path or 'no folder'}. Name the folder that holds {dataset}/{name} by "
            f"--data or ${FOLDER_VARIABLE}, or leave the log out with --only."
        )
    return path


def _amazon_beauty(folder: Path | None) -> Tables:
    """Amazon Beauty of 2014, 5-core, as published with S3-Rec (CIKM 2020).

    A user's events stand in the order of that file. 581 of 198,502 lack their time. They take that
    of the user's event before them, or of the one after where there is none; the 81 users without
    any time take the first one of the log.
    """
    name = "amazon-beauty-s3rec"
    time = pl.col("timestamp").forward_fill().backward_fill().over("user_id")
    time = time.fill_null(pl.col("timestamp").min())
    events = pl.read_csv(_file(folder, name, "interactions.csv")).sort(
        "user_id", "position", maintain_order=True
    )
    items = pl.read_csv(_file(folder, name, "items.csv"), infer_schema=False)
    return {
        "events": _named(events.with_columns(time), "item_id"),
        "items": items.select("item_id", "title", "attributes"),
    }


def _ml_1m(folder: Path | None) -> Tables:
    """MovieLens-1M, 5-core; users in file order, which decides between equal times."""
    name = "ml-1m"
    events = pl.read_csv(_file(folder, name, "interactions.csv.gz"))
    items = pl.read_csv(_file(folder, name, "movies.csv"), infer_schema=False)
    users = pl.read_csv(_file(folder, name, "users.csv"), infer_schema=False)
    known = items.filter(pl.col("movie_id").is_in(events["movie_id"].cast(pl.String).implode()))
    return {
        "events": _named(events, "movie_id"),
        "items": known.select(
            "title", "genres", item_id="movie_id", year=pl.col("year").cast(pl.Float32)
        ),
        "users": users.select("user_id", "gender", "age", "occupation"),
    }


def _ml_100k(folder: Path | None) -> Tables:
    """MovieLens-100k; a stable sort by user and time of the file's order."""
    fetched = movielens.fetch(cache_dir()).folder
    return {
        table: pl.read_parquet(fetched / f"{table}.parquet")
        for table in ("events", "items", "users")
    }


def _named(events: pl.DataFrame, item: str) -> pl.DataFrame:
    return events.select(
        pl.col("user_id").cast(pl.String),
        item_id=pl.col(item).cast(pl.String),
        event_time=pl.col("timestamp"),
    )


def _shop(_: Path | None, **size: int) -> Tables:
    """A simulated shop: what its users did, but not what they were only shown."""
    with tempfile.TemporaryDirectory() as folder:
        log = simulated_log(Path(folder) / "log", seed=5, **size)
        events = pl.read_parquet(f"{log}/events/**/*.parquet")
        items = pl.read_parquet(f"{log}/items.parquet")
    did = events.filter(pl.col("event_type") != "impression")
    return {"events": did.unique(["user_id", "item_id"], maintain_order=True), "items": items}


DATASETS = (
    Dataset(
        "amazon-beauty-s3rec",
        "6f89d7467372fd387baf0d8142be8ea4522e055ac55a652ecd50c4cf698f55b1",
        _amazon_beauty,
        Quality(0.060, 0.100),
    ),
    Dataset(
        "ml-100k",
        "186986fd26cdef12104fbbd1de5ce1d091671320a0e535b7e2a3f8a8fd836ca9",
        _ml_100k,
        lead=1.1,
        in_parts=True,
    ),
    Dataset(
        "ml-1m",
        "c5e4c8ff9913a567361b5d54440f1c132e3420845dba0ce93fe50153c94e9c18",
        _ml_1m,
        Quality(0.19, 0.325),
    ),
    Dataset(
        "ml-1m-time",
        "ed258cb0f9bd2502eba1aa7fa40dc44d2a80ba3c967d8b9948b1e867646462d8",
        _ml_1m,
    ),
    Dataset(
        "shop-time",
        "",
        functools.partial(_shop, events=400_000, users=5_000, items=2_000),
    ),
)
# What the short form takes: it needs no file and no network.
_SMALL_SHOP = functools.partial(_shop, events=40_000, users=1_000, items=400)
SHOPS = (Dataset("shop", "", _SMALL_SHOP, in_parts=True), Dataset("shop-time", "", _SMALL_SHOP))
