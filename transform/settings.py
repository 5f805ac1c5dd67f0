"""Settings of the data side: where the logs lie, how they are split, what a row holds."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Frozen(BaseModel):
    """Base of every settings class: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Table(Frozen):
    """One dataset of the data contract (events, items or users), as CSV or Parquet.

    The keys of Hive folders (`dt=2024-03-31`) are columns where the files lack them. Columns that
    are used where the table has them, beside the required ones: of events `event_type`, and
    `event_id` (text that names an event: it breaks ties of time, and rows that share it are one
    event), `request_id` (impressions of a user that share it are one list, to which behaviours that
    share it are credited), `position` (of an impression, from 0 or 1); of items `valid_from` (when
    the row began to hold; the latest not after the end of training counts), `available_from` and
    `available_to` (the item is shown from the first on and before the second; none is no limit).

    Attributes:
        path: A file, a folder or a glob. `~` and environment variables are expanded;
            a relative path counts from the folder of the settings file. `{SPAN}` stands for the
            number of a span, `{YYYY}`, `{MM}` and `{DD}` for its day. `gs://`, `s3://` and other
            object storage is read through Beam.
        columns: Our column name -> the name the file uses, where the two differ.
        separator: Field separator, for CSV only.
        time_unit: Unit of numeric time columns. Date-time columns need none.
        text_ids: Ids are text even where most look like numbers (a CSV does not say). Without it,
            user ids that mix numbers and text are refused as a damaged column.
    """

    path: str
    columns: dict[str, str] = Field(default_factory=dict)
    separator: str = ","
    time_unit: Literal["s", "ms", "us", "ns"] = "s"
    text_ids: bool = False


class Window(Frozen):
    """Which partitions of the events are read: the last days, or the last spans.

    Events are not cut to the window: what lies in a partition that is read counts, also where its
    time is of another day (late events).

    Attributes:
        last: How many days or span numbers, missing ones included.
        until: The last of them: a day, or the number of a span; by default the latest there is.
    """

    last: int = Field(ge=1)
    until: date | int | None = None


class DataSettings(Frozen):
    """The three datasets; only `events` is required.

    Attributes:
        events: Who did what, and when.
        items: What is known of the items.
        users: What is known of the users.
        window: The part of the events that is read; all of them by default.
    """

    events: Table
    items: Table | None = None
    users: Table | None = None
    window: Window | None = None


class SplitSettings(Frozen):
    """Which events train the models and which measure them.

    Attributes:
        protocol: `time`: the last `eval_fraction` of the time line (by event count) is held out,
            and the `validation_fraction` before it calibrates. `leave_one_out`: each user's last
            event is held out, the one before calibrates.
        eval_fraction: Share of events in the evaluation period (`time` only).
        validation_fraction: Share of events in the validation period (`time` only).
        max_rows_per_user: At most this many held-out requests a user and period (`time` only).
        held_out: Which behaviours of both periods are asked for. `all`: any. `unprompted`: those
            that answer no list, so with no `request_id` of a list that their user was shown before
            (`time` only). A served model chooses what its lists hold, and so what is clicked in
            them: by such clicks it measures better than a model that is as good. Answers stay in
            the training and in histories.
    """

    protocol: Literal["time", "leave_one_out"] = "time"
    eval_fraction: float = Field(default=0.1, gt=0.0, lt=0.5)
    validation_fraction: float = Field(default=0.1, gt=0.0, lt=0.5)
    max_rows_per_user: int = Field(default=5, ge=1)
    held_out: Literal["all", "unprompted"] = "all"

    @model_validator(mode="after")
    def _all_or_by_time(self) -> Self:
        if self.held_out != "all" and self.protocol != "time":
            raise ValueError(
                "`held_out: unprompted` needs periods of time: leave-one-out holds out the last "
                f"event of a user, whichever it is. Received: `protocol: {self.protocol}`. Write "
                "`split: {protocol: time}`, or leave `held_out` out."
            )
        return self


class ExampleSettings(Frozen):
    """Shape of the rows that EventExampleGen writes.

    Attributes:
        history_length: Events of history that a model sees, and the length of a training window.
        max_history: Events of history that a held-out request carries (to exclude seen items).
        ranking_rows_per_user: Requests a user (its latest in the training period) in `ranking`; of
            lists that were shown in the held-out periods as many of each.
        ranking_every: Of these only every so many-th, from the user's first event on, where the log
            has no impressions: the lines of one receipt say little more than one of them, and more
            receipts come in with as many rows.
        candidates: Candidates a ranking row: one positive, the rest sampled negatives.
        repeats: Whether lists may show what a user has had, so that it may be a negative, too, and
            a quarter of the draws of negatives is from the latest history. Not to be set: it
            follows from `recommender.exclude_seen`.
        shown_held_out: Whether the lists that users were shown in the held-out periods are rows,
            too. Not to be set: it follows from `recommender.calibration`.
        co_view_window: Steps within which a following item counts as a co-view.
        co_view_neighbours: Followers kept for each item.
        co_view_decay: Weight of a history event relative to the one after it.
        impression_type: Event type of what a user was shown. It is no behaviour: it is in no
            history and never a target, but where the log has it, `ranking` rows are what was shown.
        labels: Event types that get a label of their own in such rows, beside `label` (any deed).
        attribution_hours: A deed counts for what was shown at most so long before it.
        partition_events: Events that a worker holds at a time; with the longest history of a user,
            its memory follows from this.
    """

    history_length: int = Field(default=50, ge=2)
    max_history: int = Field(default=5000, ge=2)
    ranking_rows_per_user: int = Field(default=8, ge=1)
    ranking_every: int = Field(default=1, ge=1)
    candidates: int = Field(default=32, ge=2)
    repeats: bool = False
    shown_held_out: bool = False
    co_view_window: int = Field(default=5, ge=1)
    co_view_neighbours: int = Field(default=100, ge=1)
    co_view_decay: float = Field(default=0.8, gt=0.0, le=1.0)
    impression_type: str = "impression"
    labels: tuple[str, ...] = ()
    attribution_hours: float = Field(default=24.0, gt=0.0)
    partition_events: int = Field(default=200_000, ge=1)
