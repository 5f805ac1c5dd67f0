"""What every side of the comparison is asked to do; free of all but the standard library.

The peers live in environments and styles of their own, so they share nothing with Sluice but this
description, the log and the format of what is written.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

DAY = 24 * 3600
# The tail of a user's windows of days is rounded down to this many seconds.
HOP = 3600
# Place of a file in the order of ties, above the row within it.
RANK_BITS = 40
RUNGS = ((0, "0"), (1, "1"), (2, "2-5"), (6, "6-20"), (21, "21+"))
# Kinds of rows; a folder `Split-NAME` each.
TRAIN, RANKING, VALIDATION, EVAL, CATALOGUE = "train", "ranking", "validation", "eval", "catalogue"


@dataclass(frozen=True)
class Aggregate:
    """A count over a window of days, or a rate of two counts where `per` is given.

    Attributes:
        name: Key in the examples.
        of: `user` (events of the user before the request) or `item` (whole days before its day).
        event_type: The type counted.
        per: The type divided by.
        days: Length of the window.
    """

    name: str
    of: str
    event_type: str
    per: str | None
    days: int


@dataclass(frozen=True)
class Feature:
    """A declared feature: `side` is query, candidate or context; `kind` number or category."""

    name: str
    side: str
    kind: str


@dataclass(frozen=True)
class Job:
    """One task: a log, a folder to write into, and the rows that are wanted.

    Attributes:
        log: Folder with `events/`, `items.parquet` and `users.parquet`.
        out: Folder for `Split-NAME` folders of TFRecord files.
        catalogue_times: Times of the last behaviours of the training and of the validation period
            (unix seconds): the moments whose item aggregates the catalogue shows.
        validation_from: First second of the validation period.
        eval_from: First second of the evaluation period.
        features: Declared features.
        aggregates: Declared aggregates.
        label_types: Event types with a label list of their own.
        attribution_seconds: How long after an impression an event counts for it.
        history_length: Events of a window and of a ranking request's history.
        max_history: Events of a held-out request's history.
        ranking_rows_per_user: The latest impression lists of each user.
        held_out_rows_per_user: The first requests of each user and held-out period.
        candidates: Candidates of a held-out request.
        impression_type: The event type that is no behaviour.
    """

    log: str
    out: str
    catalogue_times: tuple[int, int]
    validation_from: int
    eval_from: int
    features: tuple[Feature, ...]
    aggregates: tuple[Aggregate, ...]
    label_types: tuple[str, ...]
    attribution_seconds: int
    history_length: int
    max_history: int
    ranking_rows_per_user: int
    held_out_rows_per_user: int
    candidates: int
    impression_type: str

    def features_of(self, side: str) -> list[Feature]:
        """Declared features of one side."""
        return [feature for feature in self.features if feature.side == side]

    def aggregates_of(self, of: str) -> list[Aggregate]:
        """Declared aggregates of users or of items."""
        return [aggregate for aggregate in self.aggregates if aggregate.of == of]

    def event_files(self) -> list[Path]:
        """Event files in their order: by partition, then by content, so names do not matter."""
        folder = Path(self.log, "events")
        return sorted(
            folder.rglob("*.parquet"),
            key=lambda file: (
                file.parent.relative_to(folder).as_posix(),
                hashlib.sha256(file.read_bytes()).digest(),
            ),
        )

    def write(self, path: Path) -> None:
        """Writes the job as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2))

    @classmethod
    def read(cls, path: Path) -> Job:
        """Reads a job that `write` wrote."""
        tree = json.loads(path.read_text())
        tree["features"] = tuple(Feature(**feature) for feature in tree["features"])
        tree["aggregates"] = tuple(Aggregate(**aggregate) for aggregate in tree["aggregates"])
        tree["label_types"] = tuple(tree["label_types"])
        tree["catalogue_times"] = tuple(tree["catalogue_times"])
        return cls(**tree)


def rung(count: int) -> str:
    """Name of the rung of the cold-start ladder."""
    return next(name for lowest, name in reversed(RUNGS) if count >= lowest)
