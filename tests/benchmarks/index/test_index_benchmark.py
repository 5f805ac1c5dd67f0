"""What bench-index makes of its measurements."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.index.environment import ENVIRONMENT
from benchmarks.index.figure import curves
from benchmarks.index.points import CHOSEN, EXACT, PARTITIONED, Point, measure
from benchmarks.index.rows import rows_of
from benchmarks.index.vectors import draw

SVG = "{http://www.w3.org/2000/svg}"
POINTS = [
    Point(EXACT, "", 1.0, 50.0, 60.0),
    Point(PARTITIONED, CHOSEN, 0.96, 2.0, 3.0),
    Point(PARTITIONED, "80 of 900 blocks", 0.992, 4.0, 5.0),
    Point("hnswlib", "ef 100", 0.91, 0.3, 0.4),
    Point("hnswlib", "ef 400", 0.97, 0.9, 1.0),
]
BY_SIZE = {1000: POINTS[:2], 100: POINTS[:2]}
BUILD = {PARTITIONED: 30.0, "hnswlib": 90.0}


def rows(points=POINTS, *, smoke=False):
    return {row.measure: row for row in rows_of(points, BY_SIZE, BUILD, k=100, smoke=smoke)}


def test_the_bars_are_on_the_setting_that_the_catalogue_leads_to():
    found = rows()
    assert found["recall@100 of the partitioned index"].holds
    time = found["its time over that of exact search, one query"]
    assert (time.value, time.holds) == (0.04, True)


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({"recall": 0.94}, "recall@100 of the partitioned index"),
        ({"p50_ms": 11.0}, "its time over that of exact search, one query"),
    ],
)
def test_a_missed_bar_is_said(change, missed):
    points = [replace(p, **change) if p.setting == CHOSEN else p for p in POINTS]
    assert [row.measure for row in rows(points).values() if row.holds is False] == [missed]


def test_the_time_of_a_small_catalogue_has_no_bar():
    points = [replace(p, p50_ms=11.0) if p.setting == CHOSEN else p for p in POINTS]
    assert all(row.holds is not False for row in rows(points, smoke=True).values())


def test_sides_are_compared_at_the_same_recall():
    found = rows()
    at = "one query at recall@100 of {} or more, median".format
    assert (found[at(0.9)].value, dict(found[at(0.9)].peers)) == (
        2.0,
        {EXACT: 50.0, "hnswlib": 0.3},
    )
    assert found[at(0.95)].peers["hnswlib"] == 0.9
    assert (found[at(0.99)].value, "hnswlib" in found[at(0.99)].peers) == (4.0, False)


def test_a_side_is_asked_one_query_at_a_time():
    truth = np.array([[0, 1], [2, 3]])
    queries = np.eye(2, dtype=np.float32)
    asked = []

    def search(query):
        asked.append(query.shape)
        return np.array([0, 2])

    point = measure("side", "setting", search, queries, truth)
    assert point.recall == 0.5
    assert set(asked) == {(1, 2)}
    assert point.p50_ms <= point.p99_ms


def test_vectors_are_drawn_anew_with_the_same_seed_alone():
    items, queries = draw(4000, 50, 16, 3)
    assert np.array_equal(items, draw(4000, 50, 16, 3)[0])
    assert not np.array_equal(items, draw(4000, 50, 16, 4)[0])
    for vectors in (items, queries):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)


def test_vectors_are_clustered_and_not_round():
    """The control: vectors that point anywhere alike."""
    anywhere = np.random.default_rng(0).normal(size=(4000, 64))
    anywhere /= np.linalg.norm(anywhere, axis=1, keepdims=True)
    items, _ = draw(4000, 1, 64, 3)

    def nearest(vectors):
        return np.sort(vectors[:100] @ vectors.T, axis=1)[:, -2].mean()

    def widest(vectors):
        return np.linalg.eigvalsh(np.cov(vectors.T))[-8:].sum() / np.cov(vectors.T).trace()

    assert nearest(items) > nearest(anywhere) + 0.2
    assert widest(items) > widest(anywhere) + 0.2


def test_the_picture_has_a_line_for_each_side():
    root = ElementTree.fromstring(
        curves([*POINTS, Point("hnswlib", "ef 10", 0.2, 0.1, 0.1)], k=100)
    )
    lines = root.findall(f"{SVG}polyline")
    circles = root.findall(f"{SVG}circle")
    assert len(lines) == 3
    assert len(circles) == len(POINTS)  # what finds next to nothing is left out
    width, height = map(float, root.get("viewBox").split()[2:])
    assert all(0 < float(c.get("cx")) < width and 0 < float(c.get("cy")) < height for c in circles)


def test_the_lock_pins_the_peers_and_names_no_index():
    assert set(ENVIRONMENT.versions()) == {"faiss-cpu (peer)", "hnswlib (peer)"}
    lock = ENVIRONMENT.lock.read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock
