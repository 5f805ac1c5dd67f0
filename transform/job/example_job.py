"""The job that turns a log into examples: what each stage plans, and what it works on.

    take in    chunks of files     -> events sorted by user, dead letters
    sort       partitions of users -> events in total order, each once
    refine     partitions          -> behaviours of the seconds where the time line is cut
    aggregate  partitions          -> tiles of each
    close      ranges of items     -> tiles of the whole log
    write      partitions          -> examples and user states

Its memory is bounded by the settings, the catalogue and the longest history, not by the log: a very
heavy user is divided among tasks, but each of them sees all that came before.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.aggregates import Aggregate
from transform.aggregation.item_tiles import DayTiles
from transform.aggregation.tiles import ClosedTiles, close_co_view, merge_items, open_tiles
from transform.event_log import ITEM, PERIOD, Histories, code_of, offsets_of
from transform.features import EVENT_TIME, REQUEST_ID, USER_ID, Feature
from transform.job.facts import JobFacts
from transform.job.intake import Intake, ReadTask, merge_intakes, plan_reading, take_in
from transform.job.partitions import Partition, plan_partitions
from transform.job.shards import write_shard
from transform.job.sorting import SortedPartition, join_pieces, read_partition, sort_partition
from transform.job.summing_up import sum_up
from transform.job.tables import (
    join,
    make_folder,
    read_rows,
    read_table,
    remove_folder,
    write_parquet,
    write_table,
)
from transform.job.tasks import (
    CELLS,
    Aggregated,
    Closing,
    Cut,
    Refined,
    RefineTask,
    Writing,
    Written,
)
from transform.job.user_table import UserTable, write_user_table
from transform.job.vocabularies import merge_vocabularies, read_item_ids, read_types
from transform.reading.event_source import EventReader, refuse_unusable
from transform.reading.sources import read_items, read_users
from transform.rows.build import build_rows, eval_targets
from transform.rows.shop import Shop, categories_of
from transform.rows.user_states import user_states
from transform.settings import DataSettings, ExampleSettings, SplitSettings
from transform.splits import (
    PeriodSummary,
    assign_periods,
    cut_hours,
    find_cut_offs,
    refuse_empty_splits,
    refuse_unknown_answers,
    refuse_unknown_impressions,
)

# Rows of tiles that are summed at a time; of few rows, so many ranges are made.
_ROWS_AT_ONCE = 4_000_000
_RANGES = 8


@dataclass(frozen=True)
class ExampleJob:
    """All that the stages need to know; small enough to travel to workers.

    Attributes:
        reader: The log.
        data: Where the other tables lie.
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
    data: DataSettings
    features: tuple[Feature, ...]
    aggregates: tuple[Aggregate, ...]
    split: SplitSettings
    examples: ExampleSettings
    seed: int
    work: str
    output: str
    states: str
    dead_letters: str

    def prepare(self) -> None:
        """Checks the other tables, and makes empty folders.

        Whatever an earlier attempt left there is removed: a killed run leaves half-written files.

        Raises:
            DataError: If a table breaks a rule of the data contract.
        """
        users = read_users(self.data, self.features)
        # Which of its rows hold is known later; a broken table is to be refused now.
        read_items(self.data, self.features)
        for folder in (self.work, self.output, self.states, self.dead_letters):
            remove_folder(folder)
            make_folder(folder)
        write_user_table(users, self.work)

    # ------------------------------------------------------------ take in

    def plan_intake(self, _: Sequence[object]) -> list[ReadTask]:
        """All files.

        Raises:
            DataError: If they hold no row.
        """
        if not self.reader.chunks:
            refuse_unusable(0, {}, pl.DataFrame())
        return plan_reading(self.reader)

    def take_in(self, task: ReadTask) -> Intake:
        """Reads some of them."""
        return take_in(
            task, self.reader, self.work, self.dead_letters, self.examples.partition_events
        )

    # ------------------------------------------------------------ sort

    def plan_sorting(self, intakes: Sequence[Intake]) -> list[Partition]:
        """Partitions of all users.

        Raises:
            DataError: If the log as a whole is of no use, or lacks what the split goes by.
        """
        parts = merge_intakes(intakes).parts
        merge_vocabularies(parts, self.work)
        kind, requests = self.examples.impression_type, REQUEST_ID in self.reader.formats.optional
        lacking = [
            *([] if requests else [f"`{REQUEST_ID}`"]),
            *([] if self._impression >= 0 else [f"the type `{kind}`"]),
        ]
        refuse_unknown_answers(self.split, lacking)
        refuse_unknown_impressions(self.examples, self._impression)
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
        users = histories.users[USER_ID].filter(pl.Series(histories.own_users))
        described = users.is_in(self._users.rows(users)[USER_ID].implode()).sum()
        tables = {"items": tiles.items, "pairs": tiles.pairs, "days": tiles.days.table}
        ends = {kind: self._ends(table[ITEM]) for kind, table in tables.items()}
        periods = PeriodSummary.of(histories, self.split)
        return Aggregated(cut, periods, int(described), ends)

    def _ends(self, items: pl.Series) -> NDArray[np.int64]:
        cells = items.to_numpy().astype(np.int64) * CELLS // len(self._items)
        return offsets_of(np.bincount(cells, minlength=CELLS))

    # ------------------------------------------------------------ close

    def plan_closing(self, found: Sequence[Aggregated]) -> list[Closing]:
        """Ranges of items with about as many rows of tiles each."""
        refuse_empty_splits(PeriodSummary.merge([part.periods for part in found]), self.split)
        rows = np.sum([ends for part in found for ends in part.ends.values()], axis=0)
        size = max(1, min(_ROWS_AT_ONCE, int(rows[-1]) // _RANGES))
        cells = [0, *(np.flatnonzero(np.diff(rows[:-1] // size)) + 1).tolist(), CELLS]
        return [
            Closing(
                number,
                tuple(
                    (part.cut.partition.number, kind, int(ends[first]), int(ends[last]))
                    for part in found
                    for kind, ends in part.ends.items()
                ),
            )
            for number, (first, last) in enumerate(itertools.pairwise(cells))
        ]

    def close(self, task: Closing) -> int:
        """Closes the tiles of one of them."""
        parts = defaultdict(list)
        for number, kind, start, stop in task.slices:
            parts[kind].append(read_rows(self._file(kind, number), start, stop))
        closed = {
            "items": merge_items(parts["items"]),
            "co_view": close_co_view(parts["pairs"], self.examples),
            "days": DayTiles.merge([DayTiles(table) for table in parts["days"]]).table,
        }
        for kind, table in closed.items():
            write_table(self._file(f"closed-{kind}", task.number), table)
        return task.number

    # ------------------------------------------------------------ write

    def plan_writing(self, shards: Sequence[int], found: Sequence[Aggregated]) -> list[Writing]:
        """All partitions again; items are described as they were when training ended."""
        training = PeriodSummary.merge([part.periods for part in found]).ranges["training"]
        items = read_items(self.data, self.features, as_of=training.last_time)
        write_table(self._catalogue, pl.DataFrame() if items is None else items)
        for kind in ("items", "co_view", "days"):
            tables = [read_table(self._file(f"closed-{kind}", shard)) for shard in sorted(shards)]
            write_table(self._tile(kind), pl.concat(tables))
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
        targets = [read_table(self._file("targets", part.number)) for part in written]
        return sum_up(written, intakes, found, aggregated, pl.concat(targets))

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
            categories_of(self._items, self.described_items, self.features, self.aggregates),
        )

    @functools.cached_property
    def described_items(self) -> pl.DataFrame | None:
        """`item_id` and candidate features at the end of training; None without the table."""
        return None if self.data.items is None else read_table(self._catalogue)

    @functools.cached_property
    def _items(self) -> pl.Series:
        return read_item_ids(self.work)

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
