"""Simulated shops, each written once."""

import json
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from simulation.choice import Behaviour
from simulation.writing import write_shop


def read(folder):
    """All tables of a shop, the log in the order of its files."""

    def table(name):
        return pl.read_parquet(folder / name)

    events = pl.concat([pl.read_parquet(p) for p in sorted(folder.glob("events/*/*.parquet"))])
    shown = pl.concat([pl.read_parquet(p) for p in sorted(folder.glob("truth/impressions/*/*"))])
    clicked = events.filter(pl.col("event_type") == "click").select(
        "request_id", "position", clicked=1.0
    )
    impressions = (
        events.filter(pl.col("event_type") == "impression")
        .join(shown, on=["request_id", "position"], how="left", maintain_order="left")
        .join(clicked, on=["request_id", "position"], how="left", maintain_order="left")
        .with_columns(pl.col("clicked").fill_null(0.0))
    )
    return SimpleNamespace(
        folder=folder,
        events=events,
        impressions=impressions,
        items=table("items.parquet"),
        users=table("users.parquet"),
        items_truth=table("truth/items.parquet"),
        users_truth=table("truth/users.parquet"),
        successors=table("truth/successors.parquet"),
        world=json.loads((folder / "truth" / "world.json").read_text()),
    )


@pytest.fixture(scope="session")
def make_shop(tmp_path_factory):
    """Writes and reads a shop of 60,000 events in 20 days, if nothing else is said."""

    def make(**sizes):
        folder = tmp_path_factory.mktemp("shop")
        write_shop(folder, **{"events": 60_000, "items": 300, "days": 20, "seed": 3} | sizes)
        return read(folder)

    return make


@pytest.fixture(scope="session")
def shop(make_shop):
    """An ordinary shop."""
    return make_shop()


@pytest.fixture(scope="session")
def drifting(make_shop):
    """A shop that drifts in the middle."""
    return make_shop(drift=0.5)


@pytest.fixture(scope="session")
def featureless(make_shop):
    """The negative control: no tastes, no position bias, no successors."""
    return make_shop(behaviour=Behaviour(taste=0.0, position_bias=0.0, follow=0.0))


@pytest.fixture
def rng():
    return np.random.default_rng(5)
