"""The leakage certificate: no training row changes, whatever happens later.

A sample of the log is built again with its future deleted, and with another future: what follows
the training period; what follows a moment in the middle of it; and, for what a request says of its
user, the requested event itself. A row that differs saw its future, and the certificate names the
feature that let it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl
import pyarrow as pa

from components.data_gate import alterations
from components.data_gate.comparison import (
    LEARNED,
    Difference,
    Rows,
    compare,
    first_without,
    known_at,
    whole,
    without_columns,
)
from components.data_gate.declared import Declared
from transform import features as f
from transform.event_log import PERIOD, EventLog
from transform.rows.build import build_rows
from transform.rows.shop import Shop
from transform.settings import ExampleSettings
from transform.splits import TRAINING

CUT_OFF, MIDDLE, REQUEST = "after training", "after mid-training", "at the request"

# Events in a training window, where rows before a moment inside the training period are compared.
_WINDOW = 4

# What a test request says of the item that it asks for.
_ASKED = {f.TARGET_ITEM_ID, f.IS_REPEAT, *f.TARGET_SLICES}

# Events with their periods, shape of the rows -> the rows of all users, by split.
Build = Callable[[pl.DataFrame, ExampleSettings], Rows]


def builder(
    declared: Declared, users: pl.DataFrame | None = None, items: pl.DataFrame | None = None
) -> Build:
    """The build under test: events are encoded, aggregated and folded anew.

    Args:
        declared: What the rows are made by.
        users: The users table.
        items: The items table.
    """

    def build(events: pl.DataFrame, examples: ExampleSettings) -> Rows:
        log = EventLog.of(events, users, examples.impression_type)
        shop = Shop.close(
            log,
            declared.features,
            declared.split,
            examples,
            declared.seed,
            declared.aggregates,
            items,
        )
        batches = build_rows(log.histories, shop)
        return {split: frame_of(batch) for split, batch in batches.items()}

    return build


def certify(rows: Rows, events: pl.DataFrame, declared: Declared, build: Build) -> list[Difference]:
    """Builds the rows of a sample in other worlds, and compares.

    Args:
        rows: The rows as they are.
        events: Normalised events of some users with their periods, in total order.
        declared: What the rows are made by.
        build: What builds rows.
    """
    return [
        _after_training(rows, events, declared, build),
        _after_the_middle(events, declared, build),
        _at_the_request(rows, events, declared, build),
    ]


def _after_training(
    rows: Rows, events: pl.DataFrame, declared: Declared, build: Build
) -> Difference:
    found, view = Difference(CUT_OFF), dict.fromkeys(LEARNED, whole)
    for other in _worlds(events, alterations.after_training(events), declared):
        compare(rows, build(other, declared.examples), view, found)
    return found


def _after_the_middle(events: pl.DataFrame, declared: Declared, build: Build) -> Difference:
    found, moment = Difference(MIDDLE), middle_of_training(events)
    examples, shown = declared.examples, is_shown(events, declared.examples)
    # The latest rows of a user are others when there are fewer events, so all of them are built.
    # Windows are short, so that many end before the moment. Sampled candidates are not compared.
    every = {
        "ranking_rows_per_user": len(events),
        "ranking_every": 1,
        "history_length": min(_WINDOW, examples.history_length),
        "candidates": examples.candidates if shown else 2,
    }
    examples = examples.model_copy(update=every)
    view = known_at(moment, declared.listed, examples, shown=shown)
    before = build(events, examples)
    for other in _worlds(events, alterations.after(events, moment), declared):
        compare(before, build(other, examples), view, found, partly=True)
    return found


def _at_the_request(
    rows: Rows, events: pl.DataFrame, declared: Declared, build: Build
) -> Difference:
    found, examples = Difference(REQUEST), declared.examples
    impression = examples.impression_type
    # Candidates may hold the requested item; what others do also depends on their last events.
    others = declared.listed | declared.shared
    for which, view in (
        (alterations.from_the_last_of_training(), {f.RANKING: without_columns(others)}),
        (
            alterations.of_the_test(impression, declared.split),
            {f.EVAL: first_without(others | _ASKED)},
        ),
    ):
        other = alterations.with_other_deeds(events, which, impression)
        compare(rows, build(other, examples), view, found)
    return found


def _worlds(events: pl.DataFrame, future: pl.Series, declared: Declared) -> Iterable[pl.DataFrame]:
    """The log with its future deleted, and with another one."""
    yield alterations.without(events, future)
    impression = declared.examples.impression_type
    yield alterations.with_other(events, future, impression, declared.seed)


def middle_of_training(events: pl.DataFrame) -> int:
    """The median time of the training events (unix seconds)."""
    times = events.filter(pl.col(PERIOD) == TRAINING)[f.EVENT_TIME]
    return int(times.quantile(0.5, "lower") or 0)


def is_shown(events: pl.DataFrame, examples: ExampleSettings) -> bool:
    """Whether ranking rows are what users were shown; else their candidates are sampled."""
    return bool((events[f.EVENT_TYPE] == examples.impression_type).any())


def frame_of(batch: pa.RecordBatch) -> pl.DataFrame:
    """The rows of a batch as columns."""
    return pl.DataFrame(pa.Table.from_batches([batch]))
