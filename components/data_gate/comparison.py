"""Two builds of the same rows, side by side: what differs, and what may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

import polars as pl

from transform import features as f
from transform.settings import ExampleSettings

# Split -> its rows, one list column for each feature.
Rows = Mapping[str, pl.DataFrame]
# A split's rows -> those rows and columns that must not differ.
View = Callable[[pl.DataFrame], pl.DataFrame]

# Rows that models learn from.
LEARNED = (f.TRAIN, f.RANKING)
NUMBER_OF_ROWS = "number_of_rows"
_USER, _NTH = "#user", "#nth"  # no feature can have these names


@dataclass
class Difference:
    """What differs between builds of the same rows.

    Attributes:
        moment: What was altered: all events from here on.
        rows: Rows compared, by split.
        changed: Rows that differ, by split and feature.
    """

    moment: str
    rows: Counter[str] = field(default_factory=Counter)
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)


def compare(
    before: Rows, now: Rows, view: Mapping[str, View], found: Difference, *, partly: bool = False
) -> None:
    """Counts the rows that differ, by split and feature.

    Rows are matched by user and place among the rows of the user.

    Args:
        before: The rows as they are.
        now: The rows of another build.
        view: Split -> what of its rows must not differ.
        found: Where the counts are added.
        partly: The rows are only looked at up to a moment, so that others may be new.
    """
    for split, part in view.items():
        old, new = part(before[split]), part(now[split])
        ours, theirs = _numbered(old), _numbered(new)
        found.rows[split] += len(ours)
        both = ours.join(theirs, on=[_USER, _NTH], suffix="#", maintain_order="left")
        apart = len(ours) - len(both) + (0 if partly else len(theirs) - len(both))
        differing = {
            name: int(both[name].ne_missing(both[f"{name}#"]).sum()) for name in old.columns
        }
        for name, rows in {NUMBER_OF_ROWS: apart, **differing}.items():
            if rows:
                found.changed[split, name] += rows


def whole(rows: pl.DataFrame) -> pl.DataFrame:
    """All of the rows."""
    return rows


def known_at(
    moment: int, listed: Set[str], examples: ExampleSettings, *, shown: bool
) -> dict[str, View]:
    """Learned rows whose request lies at or before a moment, as far as they were known then.

    Sampled negatives and their probabilities depend on the end of the training period by design,
    so of such candidates only the positive is compared. Of a list that was shown, the candidates
    and labels are compared once the time to attribute deeds to it is over.

    Args:
        moment: Unix seconds inside the training period.
        listed: Columns with a value for each candidate.
        examples: Shape of the rows.
        shown: Whether candidates are what users were shown; else they are sampled.
    """

    def requests(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(pl.col(f.REQUEST_TIME).list.first() <= moment)

    def ranked(rows: pl.DataFrame) -> pl.DataFrame:
        rows, names = requests(rows), sorted(listed & set(rows.columns))
        if shown:
            window = int(examples.attribution_hours * 3600)
            settled = pl.col(f.REQUEST_TIME).list.first() <= moment - window
            return rows.with_columns(pl.when(settled).then(pl.col(names)))
        positive = pl.col(f.LABEL).list.arg_max()
        return rows.with_columns(pl.col(names).list.get(positive))

    return {f.TRAIN: requests, f.RANKING: ranked}


def without_columns(names: Set[str]) -> View:
    """All of the rows, but for some columns."""

    def rest(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.drop(names & set(rows.columns))

    return rest


def first_without(names: Set[str]) -> View:
    """The first row of each user, but for some columns."""

    def first(rows: pl.DataFrame) -> pl.DataFrame:
        is_first = pl.col(f.USER_ID).is_first_distinct()
        return rows.filter(is_first).drop(names & set(rows.columns))

    return first


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with their user and their place among the user's rows."""
    user = pl.col(f.USER_ID).list.first().alias(_USER)
    return rows.with_columns(user).with_columns(
        pl.int_range(pl.len()).over(_USER).alias(_NTH),
    )
