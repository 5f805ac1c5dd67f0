"""Each measure holds its bar where it should, and loses it where it should."""

from types import SimpleNamespace

import polars as pl
import pytest

from benchmarks.data.growth import growth
from benchmarks.data.heavy import heavy_user
from benchmarks.data.resumption import resumed_bytes, tree_digests
from benchmarks.data.sizes import FULL, SMOKE
from benchmarks.data.speed import speed
from benchmarks.data.workshop import Side
from benchmarks.processes import Cost


class ToyShop:
    """Sides with given costs, by the number of events of the log."""

    def __init__(self, folder=None, sluice=None, peers=()):
        self.folder, self.costs, self.peers = folder, sluice or {}, dict(peers)

    def log(self, events, heavy_user=0):
        return events

    def run(self, side, log):
        known = self.costs.get(log, (1.0, 1))
        seconds, peak = known if side is Side.SLUICE else (self.peers[side], 1)
        return Cost(seconds + 10, peak, {"seconds": seconds})

    def out(self, side, log):
        return self.folder


@pytest.mark.parametrize(
    ("spark", "per_element", "holds"),
    [(10.0, 1.2, [True, True]), (9.9, 1.2, [False, True]), (10.0, 1.1, [True, False])],
)
def test_speeds_are_compared_by_events_a_second(spark, per_element, holds):
    shop = ToyShop(
        sluice={FULL.speed: (2.0, 1), FULL.per_element: (1.0, 1)},
        peers={Side.SPARK: spark, Side.PER_ELEMENT: per_element},
    )
    rates, *bars = speed(shop, FULL)
    assert rates.value == FULL.speed / 2
    assert rates.peers["PySpark local[2]"] == FULL.speed / spark
    # Per-element Beam worked on a log a 16th as large.
    assert bars[1].value == pytest.approx((5_000_000 / 2) / (300_000 / per_element))
    assert [bar.holds for bar in bars] == holds


@pytest.mark.parametrize(
    ("seconds", "peaks", "holds"),
    [
        ((1.0, 5.5, 22.0), (100, 200, 220), [True, True]),
        ((1.0, 5.0, 24.0), (100, 200, 220), [False, True]),
        ((1.0, 6.0, 20.0), (100, 200, 220), [False, True]),  # cheaper again later is no excuse
        ((1.0, 5.0, 20.0), (100, 200, 240), [True, False]),
    ],
)
def test_growth_looks_at_every_pair_of_sizes(seconds, peaks, holds):
    costs = zip(seconds, peaks, strict=True)
    shop = ToyShop(sluice=dict(zip(FULL.growth, costs, strict=True)))
    assert [row.holds for row in growth(shop, FULL)] == holds


@pytest.mark.parametrize(("slowest", "holds"), [(1.3, True), (1.31, False)])
def test_the_slowest_partition_is_held_against_the_middle_one(tmp_path, slowest, holds):
    (tmp_path / "account").mkdir()
    seconds = [1.0, 0.9, 1.0, slowest, 1.1]
    pl.DataFrame({"number": range(5), "seconds": seconds}).write_parquet(
        tmp_path / "account" / "partitions.parquet"
    )
    (row,) = heavy_user(ToyShop(tmp_path), FULL)
    assert row.value == pytest.approx(slowest)
    assert row.holds is holds


def test_files_are_compared_by_name_and_content_hidden_ones_included(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"1")
    before = tree_digests(tmp_path)
    (tmp_path / "in" / ".part").write_bytes(b"")
    assert tree_digests(tmp_path).keys() - before.keys() == {"in/.part"}
    (tmp_path / "in" / "a").write_bytes(b"2")
    assert tree_digests(tmp_path)["in/a"] != before["in/a"]


class KilledShop(ToyShop):
    """A side whose second start writes other bytes, where it is told to."""

    def __init__(self, folder, finished, second=b"row"):
        super().__init__(folder)
        self._finished, self._second, self.starts = finished, second, 0

    def examples(self, side, log):
        return self.folder / side

    def clear(self, side, log):
        self.examples(side, log).mkdir()

    def write(self, side, log, files, content=b"row"):
        for number in range(files):
            path = self.examples(side, log) / "Split-train" / f"data_tfrecord-{number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def run(self, side, log):
        self.write(side, log, 4)

    def start(self, side, log):
        self.starts += 1
        first = self.starts == 1
        self.write(side, log, self._finished if first else 4, b"row" if first else self._second)
        return SimpleNamespace(poll=lambda: 0, wait=lambda: 0, pid=0)


@pytest.mark.parametrize(
    ("finished", "second", "holds"),
    [(2, b"row", True), (2, b"other", False), (4, b"row", False), (0, b"row", False)],
)
def test_a_run_counts_as_resumed_only_if_it_was_killed_midway(tmp_path, finished, second, holds):
    (row,) = resumed_bytes(KilledShop(tmp_path, finished, second), SMOKE)
    assert row.holds is holds
    assert row.peers["written when killed"] == finished
