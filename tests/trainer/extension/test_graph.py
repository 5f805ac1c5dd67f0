"""A transform graph that is taught new items: the known ones keep their ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
import tensorflow_transform as tft
from google.protobuf import text_format

from benchmarks.serving.transform_graph import FEATURES, item_name, write_transform_graph
from tests.records import record
from trainer.extension.graph import extend_vocabulary, transform_records
from trainer.recommender.tables import read_item_names
from transform.preprocessing import FIRST_ID, UNKNOWN
from transform.schema import build_schema

pytestmark = pytest.mark.slow  # an analysis of the transform

KNOWN = 5


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    write_transform_graph(folder / "trained", KNOWN)
    schema = folder / "trained" / "metadata" / "schema.pbtxt"  # as the Transform node leaves it
    schema.parent.mkdir()
    schema.write_text(text_format.MessageToString(build_schema(FEATURES, {})))
    items = [item_name(3), "new b", "new a", "two\nlines", "", "new a"]
    assert extend_vocabulary(folder / "trained", folder / "extended", items) == ["new a", "new b"]
    return folder


def known_to(graph: Path) -> list[str]:
    return read_item_names(tft.TFTransformOutput(str(graph)))


def transformed(graph: Path, *items: str) -> list[dict[str, Any]]:
    spec = tft.TFTransformOutput(str(graph)).transformed_feature_spec()
    records = [record(item_id=item, genre="news") for item in items]
    return [tf.io.parse_single_example(r, spec) for r in transform_records(graph, records)]


def test_new_items_follow_the_known_ones(graph: Path) -> None:
    before, after = known_to(graph / "trained"), known_to(graph / "extended")
    assert len(before) == FIRST_ID + KNOWN
    assert after == [*before, "new a", "new b"]


def test_rows_of_new_items_get_ids_of_their_own(graph: Path) -> None:
    items = (item_name(0), item_name(4), "new a", "new b", "never seen", "two\nlines")
    ids = [int(row["item_id"]) for row in transformed(graph / "extended", *items)]
    known = known_to(graph / "trained")
    new = FIRST_ID + KNOWN
    assert ids == [*map(known.index, items[:2]), new, new + 1, UNKNOWN, UNKNOWN]
    before = [int(row["item_id"]) for row in transformed(graph / "trained", *items)]
    assert before == [*ids[:2], *[UNKNOWN] * 4]


def test_the_content_is_transformed_as_before(graph: Path) -> None:
    rows = [transformed(graph / kind, "new a")[0] for kind in ("trained", "extended")]
    assert rows[0]["genre"].numpy().tolist() == rows[1]["genre"].numpy().tolist() != []
