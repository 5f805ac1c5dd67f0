"""First stage of the job: the files are read, and every row goes its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from transform.job.shuffle import Part, shuffle
from transform.job.tables import join, write_parquet
from transform.reading.event_source import (
    REASON,
    EventChunk,
    EventPart,
    EventReader,
    refuse_unusable,
)

# Rows that are sorted at a time.
_PART_ROWS = 1 << 20
# At least so many tasks, if there are so many chunks; a large log has one for each part.
_TASKS = 16
# Dead letters of each reason that are looked at when a log is refused.
_SAMPLE = 3


@dataclass(frozen=True)
class ReadTask:
    """Chunks that are read one after the other."""

    number: int
    chunks: tuple[EventChunk, ...]


@dataclass
class Intake:
    """What became of the rows of some chunks.

    Attributes:
        rows: Rows read.
        dead: Dead letters by reason.
        sample: Some of them.
        bytes_read: Bytes read.
        parts: Events, in files.
    """

    rows: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    sample: list[dict[str, str]] = field(default_factory=list)
    bytes_read: int = 0
    parts: list[Part] = field(default_factory=list)


def plan_reading(reader: EventReader) -> list[ReadTask]:
    """Divides the chunks of a log among tasks."""
    rows = sum(sum(file.group_rows or ()) for file in reader.files)
    count = min(len(reader.chunks), max(_TASKS, rows // _PART_ROWS))
    bounds = np.linspace(0, len(reader.chunks), count + 1).astype(int)
    return [
        ReadTask(number, reader.chunks[bounds[number] : bounds[number + 1]])
        for number in range(count)
    ]


def take_in(
    task: ReadTask, reader: EventReader, folder: str, dead_letters: str, partition_events: int
) -> Intake:
    """Reads chunks; sorts their events by user into files, and writes down what is rejected.

    Args:
        task: What to read.
        reader: The log.
        folder: Where the events go.
        dead_letters: Where the rejected rows go.
        partition_events: Events that a partition should hold.
    """
    intake = Intake()
    waiting: list[pl.DataFrame] = []
    dead: list[pl.DataFrame] = []
    for part in _read(task, reader):
        # One file at least, so that the dataset has its columns where nothing is rejected, too.
        if len(part.dead) or (task.number == 0 and not intake.rows):
            dead.append(part.dead)
        intake.rows += part.rows
        intake.bytes_read += part.bytes_read
        waiting.append(part.frame)
        if sum(map(len, waiting)) >= _PART_ROWS:
            _shuffle(waiting, intake, folder, task.number, partition_events)
            waiting = []
        if sum(map(len, dead)) >= _PART_ROWS:
            _bury(dead, intake, dead_letters, task.number)
            dead = []
    if sum(map(len, waiting)):
        _shuffle(waiting, intake, folder, task.number, partition_events)
    if dead:
        _bury(dead, intake, dead_letters, task.number)
    return intake


def merge_intakes(parts: Sequence[Intake]) -> Intake:
    """What became of all rows.

    Raises:
        DataError: If the log as a whole is of no use.
    """
    total = Intake()
    for part in parts:
        total.rows += part.rows
        total.dead += part.dead
        total.bytes_read += part.bytes_read
        total.sample += part.sample
        total.parts += part.parts
    schema = {"event_time": pl.String, REASON: pl.String}
    refuse_unusable(total.rows, total.dead, pl.DataFrame(total.sample, schema=schema))
    return total


def _read(task: ReadTask, reader: EventReader) -> Iterator[EventPart]:
    for chunk in task.chunks:
        yield from reader.read(chunk)


def _shuffle(
    frames: list[pl.DataFrame], intake: Intake, folder: str, task: int, partition_events: int
) -> None:
    name = f"part-{task:04d}-{len(intake.parts):04d}"
    intake.parts.append(shuffle(pl.concat(frames), folder, name, partition_events))


def _bury(frames: list[pl.DataFrame], intake: Intake, folder: str, task: int) -> None:
    # Rows that are rejected before these, so that names follow from the log alone.
    earlier, dead = sum(intake.dead.values()), pl.concat(frames)
    intake.dead.update(dict(dead[REASON].value_counts().iter_rows()))
    shown = dead.group_by(REASON, maintain_order=True).head(_SAMPLE)
    intake.sample += shown.select("event_time", REASON).to_dicts()
    write_parquet(join(folder, f"part-{task:05d}-{earlier:012d}.parquet"), dead)
