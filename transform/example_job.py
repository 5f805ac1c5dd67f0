"""The job that turns a log into examples: what each stage plans, and what it works on.

    take in    chunks of files     -> events sorted by user, dead letters
    sort       partitions of users -> events in total order, each once
    refine     partitions          -> behaviours of the seconds where the time line is cut
    aggregate  partitions          -> tiles of each
    close      ranges of items     -> tiles of the whole log
    write      partitions          -> examples and user states

Its memory is bounded by the settings and by the catalogue, not by the log.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.aggregates import Aggregate
from transform.event_log import ITEM, PERIOD, Histories, code_of, offsets_of
from transform.event_source import EventReader
from transform.facts import JobFacts, PartitionFacts
from transform.features import EVENT_TIME, ITEM_ID, USER_ID, Feature
from transform.intake import Intake, ReadTask, merge_intakes, plan_reading, take_in
from transform.item_tiles import DayTiles
from transform.partitions import Partition, plan_partitions
from transform.rows import build_rows, eval_targets
from transform.settings import ExampleSettings, SplitSettings
from transform.shards import write_shard
from transform.shop import Shop, categories_of
from transform.sorting import SortedPartition, join_pieces, read_partition, sort_partition
from transform.splits import (
    CutOffs,
    PeriodSummary,
    assign_periods,
    cut_hours,
    find_cut_offs,
    refuse_empty_splits,
    targets_digest,
)
from transform.tables import (
    join,
    make_folder,
    read_rows,
    read_table,
    write_parquet,
    write_table,
)
from transform.tiles import ClosedTiles, close_co_view, merge_items, open_tiles
from transform.user_states import user_states
from transform.user_table import UserTable, write_user_table
from transform.vocabularies import merge_vocabularies, read_items, read_types

# Item codes fall into so many ranges; neighbouring ranges are closed together.
_CELLS = 1024
# Pairs of items that are summed at a time.
_PAIRS = 4_000_000
# Item tiles that are summed at a time.
_MERGED_AT_ONCE = 16


@dataclass(frozen=True)
class RefineTask:
    """A partition, and the hours in which the time line is cut."""

    partition: SortedPartition
    hours: frozenset[int]


@dataclass(frozen=True)
class Refined:
    """A partition, and its behaviours at single seconds."""

    partition: SortedPartition
    seconds: Counter[int]


@dataclass(frozen=True)
class Cut:
    """A partition, and where the time line is cut (None if it is not)."""

    partition: SortedPartition
    cut_offs: CutOffs | None


@dataclass(frozen=True)
class Aggregated:
    """A partition with tiles.

    Attributes:
        cut: The partition.
        periods: What its periods hold.
        described: Users of it that the users table has.
        pairs: Pairs of items in its co-view file, by range of item codes [_CELLS].
    """

    cut: Cut
    periods: PeriodSummary
    described: int
    pairs: NDArray[np.int64]


@dataclass(frozen=True)
class Closing:
    """A range of items whose co-view tile is to be closed, and where its pairs lie."""

    number: int
    slices: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Writing:
    """A partition whose rows are to be written, one of `total`."""

    cut: Cut
    total: int


@dataclass(frozen=True)
class Written:
    """A partition whose rows are written.

    Attributes:
        number: Place among all partitions.
        events: Its events.
        rows: Rows by split.
        seconds: How long it took.
    """

    number: int
    events: int
    rows: dict[str, int]
    seconds: float


@dataclass(frozen=True)
class ExampleJob:
    """All that the stages need to know; small enough to travel to workers.

    Attributes:
        reader: The log.
        features: Declared features.
        aggregates: Declared aggregates.
        split: How events are divided.
        examples: Shape of the rows.
        seed: Seed of the sampled candidates.
        work: Folder for what lies between the stages.
        output: Folder of the examples; each split has a folder in it.
        states: Folder of the user states.
        dead_letters: Folder of the rejected rows.
    """

    reader: EventReader
    features: tuple[Feature, ...]
    aggregates: tuple[Aggregate, ...]
    split: SplitSettings
    examples: ExampleSettings
    seed: int
    work: str
    output: str
    states: str
    dead_letters: str

    def prepare(self, users: pl.DataFrame | None, items: pl.DataFrame | None) -> None:
        """Makes the folders, and puts the other tables where the stages find them.

        Args:
            users: `user_id` and query features.
            items: `item_id` and candidate features.
        """
        for folder in (self.work, self.output, self.states, self.dead_letters):
            make_folder(folder)
        write_user_table(users, self.work)
        nothing = pl.DataFrame(schema={ITEM_ID: pl.String})
        write_table(self._catalogue, nothing if items is None else items)

    # ------------------------------------------------------------ take in

    def plan_intake(self, _: Sequence[object]) -> list[ReadTask]:
        """All files."""
        return plan_reading(self.reader)

    def take_in(self, task: ReadTask) -> Intake:
        """Reads some of them."""
        return take_in(
            task, self.reader, self.work, self.dead_letters, self.examples.partition_events
        )

    # ------------------------------------------------------------ sort

    def plan_sorting(self, intakes: Sequence[Intake]) -> list[Partition]:
        """Partitions of all users."""
        parts = merge_intakes(intakes).parts
        merge_vocabularies(parts, self.work)
        return plan_partitions(parts, self.examples.partition_events)

    def sort(self, partition: Partition) -> SortedPartition:
        """Sorts one of them."""
        return sort_partition(partition, self.work, self._impression)

    # ------------------------------------------------------------ refine

    def plan_refining(self, found: Sequence[SortedPartition]) -> list[RefineTask]:
        """All partitions, with the hours in which the time line is cut."""
        hours: Counter[int] = Counter()
        if self.split.protocol == "time":
            hours = sum((partition.hours for partition in found), hours)
        cut = cut_hours(hours, self.split)
        return [RefineTask(partition, cut) for partition in found]

    def refine(self, task: RefineTask) -> Refined:
        """Counts the behaviours of each second of these hours; of others at their beginning."""
        hours = task.partition.hours
        seconds = Counter({h * 3600: n for h, n in hours.items() if h not in task.hours})
        if task.hours & hours.keys():
            times = self._read(task.partition.number).behaviours.events[EVENT_TIME]
            near = times.filter((times // 3600).is_in(list(task.hours)))
            seconds.update(dict(near.value_counts().iter_rows()))
        return Refined(replace(task.partition, hours=Counter()), seconds)

    # ------------------------------------------------------------ aggregate

    def plan_aggregating(self, refined: Sequence[Refined]) -> list[Cut]:
        """All partitions, with the cut-offs."""
        cut_offs = None
        if self.split.protocol == "time":
            seconds = sum((part.seconds for part in refined), Counter())
            times = np.array(sorted(seconds), np.int64)
            counts = np.array([seconds[second] for second in times.tolist()], np.int64)
            cut_offs = find_cut_offs(times, counts, self.split)
        return [Cut(part.partition, cut_offs) for part in refined]

    def aggregate(self, cut: Cut) -> Aggregated:
        """Writes the tiles of one of them."""
        histories = self._load(cut)
        tiles = open_tiles(histories, self.split, self.examples, self.aggregates)
        number = cut.partition.number
        write_table(self._file("items", number), tiles.items)
        write_table(self._file("pairs", number), tiles.pairs)
        write_table(self._file("days", number), tiles.days.table)
        cells = tiles.pairs[ITEM].to_numpy().astype(np.int64) * _CELLS // len(self._items)
        users = histories.users[USER_ID].filter(pl.Series(histories.own_users))
        described = users.is_in(self._users.rows(users)[USER_ID].implode()).sum()
        pairs = np.bincount(cells, minlength=_CELLS)
        return Aggregated(cut, PeriodSummary.of(histories), int(described), pairs)

    # ------------------------------------------------------------ close

    def plan_closing(self, found: Sequence[Aggregated]) -> list[Closing]:
        """Ranges of items with about as many pairs each."""
        refuse_empty_splits(PeriodSummary.merge([part.periods for part in found]), self.split)
        numbers = [part.cut.partition.number for part in found]
        write_table(self._tile("items"), self._merged("items", numbers, merge_items))
        write_table(self._tile("days"), self._merged("days", numbers, _merge_days))
        ends = np.array([offsets_of(part.pairs) for part in found])
        block = ends.sum(axis=0)[:-1] // _PAIRS
        cells = [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), _CELLS]
        return [
            Closing(
                shard,
                tuple(
                    (number, int(end[first]), int(end[last]))
                    for number, end in zip(numbers, ends, strict=True)
                ),
            )
            for shard, (first, last) in enumerate(itertools.pairwise(cells))
        ]

    def _merged(
        self, kind: str, numbers: Sequence[int], merge: Callable[[list[pl.DataFrame]], pl.DataFrame]
    ) -> pl.DataFrame:
        """The tile of all partitions, some at a time."""
        merged: list[pl.DataFrame] = []
        for first in range(0, len(numbers), _MERGED_AT_ONCE):
            some = numbers[first : first + _MERGED_AT_ONCE]
            merged = [merge(merged + [read_table(self._file(kind, number)) for number in some])]
        return merged[0]

    def close(self, task: Closing) -> int:
        """Closes the co-view tile of one of them."""
        pairs = [read_rows(self._file("pairs", n), start, stop) for n, start, stop in task.slices]
        write_table(self._file("co_view", task.number), close_co_view(pairs, self.examples))
        return task.number

    # ------------------------------------------------------------ write

    def plan_writing(self, shards: Sequence[int], found: Sequence[Aggregated]) -> list[Writing]:
        """All partitions again."""
        co_view = [read_table(self._file("co_view", shard)) for shard in sorted(shards)]
        write_table(self._tile("co_view"), pl.concat(co_view))
        return [Writing(part.cut, len(found)) for part in found]

    def write(self, task: Writing) -> Written:
        """Writes the rows and the user states of one of them."""
        began = time.perf_counter()
        partition = task.cut.partition
        histories = self._load(task.cut)
        batches = build_rows(histories, self.shop)
        for split, batch in batches.items():
            write_shard(batch, self.output, split, partition.number, task.total)
        write_table(self._file("targets", partition.number), eval_targets(histories, self.shop))
        states = user_states(histories, self.shop)
        write_parquet(join(self.states, f"part-{partition.number:05d}.parquet"), states)
        rows = {split: batch.num_rows for split, batch in batches.items()}
        return Written(partition.number, partition.events, rows, time.perf_counter() - began)

    # ------------------------------------------------------------ sum up

    def sum_up(
        self,
        written: Sequence[Written],
        intakes: Sequence[Intake],
        found: Sequence[SortedPartition],
        aggregated: Sequence[Aggregated],
    ) -> JobFacts:
        """What became of the log."""
        intake = merge_intakes(intakes)
        periods = PeriodSummary.merge([part.periods for part in aggregated])
        targets = [read_table(self._file("targets", part.number)) for part in written]
        return JobFacts(
            rows_in=intake.rows,
            bytes_read=intake.bytes_read,
            dead_letters=dict(sorted(intake.dead.items())),
            duplicates=sum(part.duplicates for part in found),
            events=sum(part.events for part in found),
            impressions=sum(part.events - part.behaviours for part in found),
            users=periods.users,
            described_users=sum(part.described for part in aggregated),
            periods={name: asdict(period) for name, period in periods.ranges.items()},
            rows_out=dict(sum((Counter(part.rows) for part in written), Counter())),
            eval_targets_sha256=targets_digest(pl.concat(targets)),
            partitions=[
                PartitionFacts(number=part.number, events=part.events, seconds=part.seconds)
                for part in sorted(written, key=lambda part: part.number)
            ],
        )

    # ------------------------------------------------------------ what is shared

    @functools.cached_property
    def shop(self) -> Shop:
        """What all rows share, once the tiles are closed."""
        return Shop(
            self._items,
            read_types(self.work),
            ClosedTiles(read_table(self._tile("items")), read_table(self._tile("co_view"))),
            self.features,
            self.split,
            self.examples,
            self.seed,
            self.aggregates,
            DayTiles(read_table(self._tile("days"))),
            categories_of(self._items, read_table(self._catalogue), self.features, self.aggregates),
        )

    @functools.cached_property
    def _items(self) -> pl.Series:
        return read_items(self.work)

    @functools.cached_property
    def _impression(self) -> int:
        return code_of(self.examples.impression_type, read_types(self.work))

    @functools.cached_property
    def _users(self) -> UserTable:
        return UserTable(self.work)

    def _load(self, cut: Cut) -> Histories:
        """A partition with features and periods; of a piece the whole user, to own a part of it."""
        first, last = cut.partition.pieces or (cut.partition.number, cut.partition.number)
        parts = [self._read(number) for number in range(first, last + 1)]
        histories = join_pieces(parts, cut.partition.number - first) if last > first else parts[0]
        histories = histories.with_features(self._users.rows(histories.users[USER_ID]))
        period = assign_periods(histories, self.split, cut.cut_offs)
        events = histories.events.with_columns(pl.Series(PERIOD, period))
        return replace(histories, events=events)

    def _read(self, number: int) -> Histories:
        return read_partition(number, self.work, self._impression)

    # ------------------------------------------------------------ files

    def _file(self, kind: str, number: int) -> str:
        return join(self.work, f"{number:05d}-{kind}.arrow")

    @property
    def _catalogue(self) -> str:
        return join(self.work, "catalogue.arrow")

    def _tile(self, kind: str) -> str:
        return join(self.work, f"tile-{kind}.arrow")


def _merge_days(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return DayTiles.merge([DayTiles(table) for table in tables]).table
