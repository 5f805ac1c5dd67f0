"""New items without a training: behind the same gates, in a server that never stops answering."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from serving.client import RecommenderClient, ServingError
from serving.embedded import embedded_server
from serving.user_store import UserStore
from tests.e2e.conftest import Outcome, nodes, sluice
from tests.waiting import wait_until
from trainer.export import read_description, saved_variables

pytestmark = pytest.mark.slow

POPULAR = 30  # films that get a twin with their content, and a changeling with that of any other
RETRIEVED = 100  # of about 1,700 films


@dataclass
class Watch:
    """What a caller sees who never stops asking."""

    new_seen: list[bool] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Refreshed:
    """What two refreshes left: one that a gate withheld, and one that passed."""

    withheld: Outcome
    passed: Outcome
    versions_between: list[str]
    watch: Watch
    popular: list[str]
    retrieved: list[set[str]]
    served: Path


def with_new_films(films: Path, watched: Path, target: Path) -> list[str]:
    """Writes a table with a twin and a changeling of each popular film; their ids."""
    table = pl.read_parquet(films)
    counts = pl.read_csv(watched, schema_overrides={"film": pl.String})["film"].value_counts()
    popular = counts.sort("count", "film", descending=True)["film"].head(POPULAR)
    rows = pl.DataFrame({"item_id": popular}).join(table, on="item_id", maintain_order="left")
    ids = rows["item_id"].to_list()
    twins = rows.with_columns(pl.Series("item_id", [f"twin-{i}" for i in ids]))
    others = table.filter(~pl.col("item_id").is_in(popular.implode()))
    anything = others.sample(len(ids), seed=1, shuffle=True)
    changelings = anything.with_columns(pl.Series("item_id", [f"changeling-{i}" for i in ids]))
    pl.concat([table, twins, changelings]).write_parquet(target)
    return ids


def ask_on(client: RecommenderClient, query: Any, over: threading.Event, watch: Watch) -> None:
    while not over.wait(0.2):
        try:
            (found,) = client.recommend([query], 2000)
        except ServingError as error:
            watch.errors.append(str(error))
        else:
            watch.new_seen.append(any(item.item_id.startswith("twin-") for item in found))


@pytest.fixture(scope="module")
def refreshed(
    first_run: dict[str, Any],
    artifacts: Callable[[str, str], Path],
    write_settings: Callable[..., Path],
    sample: Path,
) -> Refreshed:
    """Refreshes a root folder that holds what the shared run has pushed."""
    root = sample / "refreshed"
    root.mkdir()
    shutil.copy(sample / "root" / "metadata.sqlite", root)
    shutil.copytree(sample / "root" / "serving", root / "serving")
    more = sample / "more.parquet"
    popular = with_new_films(sample / "films.parquet", sample / "watched.csv", more)
    options = ("--items", str(more), "--json")
    gates = {"ndcg_at_10_lead": {"lower": -0.05}, "latency_p50_ms": {"upper": 0.0}}
    hasty = write_settings("hasty.yaml", root="refreshed", gates=gates)
    patient = write_settings("patient.yaml", root="refreshed")
    states = UserStore.open(artifacts("EventExampleGen", "user_states") / "users.parquet")
    queries = [states.query(str(user)) for user in range(1, 201)]
    served = root / "serving" / "recommender"
    watch, over = Watch(), threading.Event()
    with (
        embedded_server(served, log_path=sample / "refreshed.log") as server,
        RecommenderClient(server.address, timeout_s=60.0) as client,
    ):
        asking = threading.Thread(target=ask_on, args=(client, queries[0], over, watch))
        asking.start()
        try:
            withheld = sluice("refresh-items", "--config", str(hasty), *options)
            between = sorted(path.name for path in served.iterdir() if path.name.isdecimal())
            passed = sluice("refresh-items", "--config", str(patient), *options)
            wait_until(lambda: watch.new_seen and watch.new_seen[-1])
        finally:
            over.set()
            asking.join()
        lists = [client.recommend([query], 2000)[0] for query in queries]
    retrieved = [
        {item.item_id for item in sorted(found, key=lambda i: -i.retrieval_score)[:RETRIEVED]}
        for found in lists
    ]
    return Refreshed(withheld, passed, between, watch, popular, retrieved, served)


def test_a_refresh_that_fails_a_gate_leaves_the_served_version_alone(
    refreshed: Refreshed, first_run: dict[str, Any]
) -> None:
    assert refreshed.withheld.code == 3, refreshed.withheld.errors
    failed = [c["sentence"] for c in refreshed.withheld.json["checks"] if not c["passed"]]
    assert all(sentence.startswith("FAIL: ") for sentence in failed)
    assert failed
    assert refreshed.versions_between == [str(first_run["pushed_version"])]


def test_a_refresh_keeps_the_retriever_s_weights_from_before_it_learned_the_validation_rows(
    refreshed: Refreshed, artifacts: Callable[[str, str], Path], sample: Path
) -> None:
    made = sample / "refreshed" / "artifacts" / "ItemRefresh" / "retriever"
    trained = artifacts("Retriever", "model") / "Format-Serving"
    extended = max(made.iterdir(), key=lambda path: int(path.name)) / "Format-Serving"
    known, now = (read_description(path).vocabulary.items for path in (trained, extended))
    assert now > known
    for before in (True, False):
        old, new = (
            [w for w in saved_variables(path, before_refresh=before) if w.dtype == np.float32]
            for path in (trained, extended)
        )
        shared = [(a, b) for a, b in zip(old, new, strict=True) if a.shape == b.shape]
        assert len(shared) > 10
        assert all(np.array_equal(a, b) for a, b in shared)


def test_a_refresh_passes_the_gates_without_training(
    refreshed: Refreshed, first_run: dict[str, Any]
) -> None:
    assert refreshed.passed.code == 0, refreshed.passed.errors
    assert not {"EventExampleGen", "Retriever", "Ranker"} & set(refreshed.passed.json["nodes"])
    # What the withheld refresh had made was not made again.
    assert {"ItemRefresh", "RecommenderAssembler"} <= set(nodes(["cached"], refreshed.passed.json))
    version = refreshed.passed.json["pushed_version"]
    assert version > first_run["pushed_version"]
    labels = json.loads((refreshed.served / "labels.json").read_text())
    assert labels == {"canary": version, "stable": version}


def test_the_old_version_answers_until_the_new_one_takes_over(refreshed: Refreshed) -> None:
    assert refreshed.watch.errors == []
    seen = refreshed.watch.new_seen
    assert not seen[0]
    assert seen == sorted(seen)  # once the new items are there, they stay


def test_new_items_are_retrieved_for_the_users_whom_they_fit(refreshed: Refreshed) -> None:
    """A twin has the content of a film that a user is near, a changeling that of any other."""

    def shares(kind: str) -> float:
        """Share of the users near a popular film who get its companion too."""
        near = [(found, film) for found in refreshed.retrieved for film in refreshed.popular]
        return float(np.mean([f"{kind}-{film}" in found for found, film in near if film in found]))

    chance = RETRIEVED / 1700
    assert shares("twin") > 3 * chance
    assert shares("changeling") < 0.5 * shares("twin")
