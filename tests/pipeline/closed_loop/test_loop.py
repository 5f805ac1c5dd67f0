"""The closed loop with a real shop, stream, model server and swap; only the training is a stand-in.

(`make bench-closed_loop` trains for real.)
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tensorflow as tf

from pipeline.closed_loop.loop import RECORDS, run_loop, settings_file
from pipeline.closed_loop.plan import LoopPlan
from pipeline.closed_loop.retraining import Retraining
from pipeline.errors import RunError
from pipeline.event_stream import fold_settings
from pipeline.loading import load_settings
from pipeline.serving_folder import serving_folder
from serving.user_state.sqlite_store import SqliteUserStates
from tests.components.toy_recommender import QUERY
from transform.state import snapshot

pytestmark = pytest.mark.slow

PLAN = LoopPlan(days=4, before=2, visitors=20, users=40, items=30, outage=(1, 1))
LIST = 10
LIKED = """
aggregates:
  - {name: liked, of: user_category, by: category, count: click, window: 900d}
"""


class SameList(tf.Module):
    """Answers every request with the same items."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self.items = tf.constant([f"i{first + place:07d}" for place in range(LIST)])

    def save(self, folder: Path) -> None:
        specs = {name: spec for name, spec in QUERY.items() if name != "segment"}
        specs |= {"exclude_item_id": tf.TensorSpec([None, None], tf.string)}
        specs |= {"liked_key": tf.TensorSpec([None, None], tf.string)}
        specs |= {"liked_value": tf.TensorSpec([None, None], tf.float32)}
        specs |= {"top_k": tf.TensorSpec([], tf.int32)}
        named = {name: tf.TensorSpec(one.shape, one.dtype, name) for name, one in specs.items()}
        answer = tf.function(self._recommend).get_concrete_function(**named)
        tf.saved_model.save(self, str(folder), signatures={"recommend": answer})

    def _recommend(self, **inputs):
        items = tf.tile(self.items[None, : inputs["top_k"]], [tf.shape(inputs["user_id"])[0], 1])
        scores = tf.fill(tf.shape(items), 0.25)
        return {"item_id": items, "score": scores, "retrieval_score": scores}


class StandIn:
    """Publishes a model on the evenings 0 and 2; a gate stops the one in between, if there is."""

    def __init__(self, base_path: Path) -> None:
        self.base_path, self.evenings = base_path, []

    def __call__(self, day, store):
        started = time.monotonic()
        self.evenings.append(day)
        if day not in (0, 2):
            return Retraining(f"run-{day}", None, False, "A gate withheld it.", None, 0.1, 0.1)
        version = day + 1
        self.base_path.mkdir(parents=True, exist_ok=True)
        draft = self.base_path / f".{version}"
        SameList(10 * (day // 2)).save(draft)
        draft.replace(self.base_path / str(version))
        return Retraining(
            f"run-{day}", version, False, "Published.", 0.5, time.monotonic() - started, 0.1
        )


@pytest.fixture(scope="module")
def looped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loop")
    config = settings_file(folder)
    config.write_text(config.read_text() + LIKED)
    settings = load_settings(config)
    train, told = StandIn(serving_folder(settings)), []
    records = run_loop(PLAN, folder, settings, train, lambda days: told.append(len(days)))
    assert told == [1, 2, 3, 4, 5, 6]
    return folder, settings, train, records


def read_log(settings):
    return pl.read_parquet(settings.root / "stream" / "log", hive_partitioning=True)


def test_the_version_that_was_published_serves_from_the_next_day_on(looped):
    _, _, _, records = looped
    lists = [int(record.quality["lists"]) for record in records]
    assert [record.versions for record in records] == [
        {version: number} for version, number in zip((0, 0, 1, 1, 3, 3), lists, strict=True)
    ]


def test_an_outage_leaves_evenings_without_training(looped):
    _, _, train, records = looped
    assert train.evenings == [0, 2, 3]
    trained = [False, True, False, True, True, False]
    assert [record.retraining is not None for record in records] == trained
    assert records[2].planted == ("trainer out",)
    assert records[4].retraining.version is None


def test_what_is_shown_and_done_is_in_the_log_once_and_in_the_states(looped):
    _, settings, _, records = looped
    log = read_log(settings)
    assert log["event_id"].is_unique().all()
    shown = log.filter(pl.col("event_type") == "impression")
    by_day = shown.group_by("dt").agg(pl.col("request_id").n_unique()).sort("dt")
    assert by_day["request_id"].to_list() == [int(one.quality["lists"]) for one in records]
    clicks = (log["event_type"] == "click").sum()
    assert clicks == sum(one.quality["clicks"] for one in records)
    user = log.filter(pl.col("event_type") == "click")["user_id"][0]
    done = log.filter((pl.col("user_id") == user) & (pl.col("event_type") != "impression"))
    store = SqliteUserStates(settings.root / "stream" / "users.sqlite")
    [record], _ = store.read([user])
    store.close()
    assert len(record.state.events) == len(done)
    assert sorted(e.item_id for e in record.state.events) == sorted(done["item_id"])
    later = record.state.events[-1].event_time + 1
    said = snapshot(record.state, later, settings=fold_settings(settings))
    items = pl.read_parquet(settings.data.items.path)
    clicked = (
        done.filter(pl.col("event_type") == "click")
        .join(items, on="item_id")["category"]
        .value_counts()
    )
    assert said["category_values"]["liked"] == dict(clicked.iter_rows())
    assert {(one.footprint.backlog, one.footprint.dead_letters) for one in records} == {(0, 0)}


def test_the_log_says_which_model_showed_what(looped):
    _, settings, _, _ = looped
    shown = read_log(settings).filter(pl.col("source") == "model")
    assert set(shown["model_version"]) == {1, 3}
    assert set(shown["score"]) == {0.25}
    first = shown.filter(pl.col("position") == 0)
    of = dict(first.select("model_version", "item_id").unique().iter_rows())
    assert of == {1: "i0000000", 3: "i0000010"}


def test_the_timeline_tells_all_days(looped):
    folder, _, _, records = looped
    days = json.loads((folder / RECORDS).read_text())["days"]
    assert [day["day"] for day in days] == [-1, 0, 1, 2, 3, 4]
    assert all(np.isclose(d["score"], r.score) for d, r in zip(days, records, strict=True))
    assert 0 < records[-1].score < 1
    page = (folder / "timeline.html").read_text()
    for expected in ("trainer out", "Published 3.", "A gate withheld it. (run-3)", "<svg", "3: "):
        assert expected in page
    assert "http" not in page.split("<body>")[1]


def test_a_folder_where_a_loop_has_been_is_refused(looped):
    folder, settings, train, _ = looped
    with pytest.raises(RunError, match=f"Received: {settings.root}, where one has been"):
        run_loop(PLAN, folder, settings, train, print)
