"""The items as they are now, beside what the training knew of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl

from components.example_columns import ValueType, read_columns
from transform import features as keys
from transform.aggregates import MOMENTS, Aggregate, Of, aggregates_of
from transform.errors import DataError
from transform.features import Feature, Kind, candidate_features
from transform.preprocessing import parse_features
from transform.reading.sources import AVAILABLE_TO, read_items
from transform.settings import DataSettings

DESCRIBED = "described"
ENDS = "ends"
# Share of the items described at the training that the table may have lost. More is rather half a
# table than a cleared shelf.
MOST_LOST = 0.1
# Share of what the training took to be on show by now that the table may have ended. More is rather
# an export that ends everything. What the training already knew to have ended does not count: in an
# old log, whose items ended in its own time, that is all of them.
MOST_ENDED = 0.5


def items_of_now(data: str, features: str, now: int) -> pl.DataFrame:
    """The items table: `item_id`, candidate features, availability where it has it.

    Args:
        data: DataSettings as JSON.
        features: Declared features as JSON.
        now: Rows that hold only later (unix seconds) are left out.

    Raises:
        DataError: It is missing, or breaks a rule of the data contract.
    """
    items = read_items(DataSettings.model_validate_json(data), parse_features(features), as_of=now)
    if items is None:
        raise DataError(
            "Items are refreshed from the items table. Received: settings without `data.items`. "
            "Name the table there, or with --items."
        )
    return items


def fingerprint(items: pl.DataFrame) -> str:
    """Digest of the items, whatever their order in the files."""
    digest = hashlib.sha256(str(items.schema).encode())
    digest.update(items.sort(keys.ITEM_ID).write_csv(null_value="\0").encode())
    return digest.hexdigest()


def known_items(
    catalogue: Sequence[str], features: Sequence[Feature], aggregates: Sequence[Aggregate]
) -> pl.DataFrame:
    """What the training knew of each item.

    Args:
        catalogue: Folders of the raw catalogue split.
        features: Declared features.
        aggregates: Declared aggregates.

    Returns:
        `item_id`, `item_count`, aggregates of the item, `described`: whether the items table of
        the training said anything of it, and `ends`: until when it may be shown (unix seconds).

    Raises:
        DataError: An older version of the project wrote the catalogue.
    """
    content = candidate_features(features)
    columns: dict[str, ValueType] = {keys.ITEM_ID: "bytes", keys.ITEM_COUNT: "int"}
    behaviour = [pl.col(name).list.first() for name in columns]
    values = [aggregate.name for aggregate in aggregates_of(aggregates, Of.ITEM)]
    columns |= dict.fromkeys(values, "float")
    columns |= {feature.name: _value_type(feature) for feature in content}
    columns[keys.ITEM_AVAILABLE_TO] = "int"
    said = [_says_something(f, pl.col(f.name).list.first()) for f in content]
    rows = read_columns(catalogue, columns)
    if any((rows[name].list.len() != MOMENTS).any() for name in values):
        raise DataError(
            f"A catalogue holds {MOMENTS} values of each aggregate of an item: at the end of the "
            "training and of the validation period. Received: that of a model from before it did. "
            "Train one first (sluice run)."
        )
    return rows.select(
        *behaviour,
        *values,
        pl.any_horizontal(pl.lit(False), *said).alias(DESCRIBED),
        pl.col(keys.ITEM_AVAILABLE_TO).list.first().alias(ENDS),
    ).with_columns(pl.col(keys.ITEM_ID).cast(pl.String))


def _value_type(feature: Feature) -> ValueType:
    if feature.kind is Kind.NUMBER:
        return "float"
    return "int" if feature.kind is Kind.TIME else "bytes"


def _says_something(feature: Feature, value: pl.Expr) -> pl.Expr:
    told = value.is_not_null()
    return told if feature.is_numeric else told & (value != b"")


def still_listed(known: pl.DataFrame, items: pl.DataFrame, now: int) -> pl.DataFrame:
    """The known items that stay: those that the table holds, and those that were trained on.

    An item that the table has lost and that nobody had met has neither content nor an id in the
    models, so it goes.

    Args:
        known: As `known_items` gives it.
        items: The table, with `item_id` and availability where it has it.
        now: Unix seconds.

    Returns:
        What is known from behaviour of those that stay.

    Raises:
        DataError: The table has lost too many of the items, or has ended too many.
    """
    _refuse_if_ended(known, items, now)
    held = known[keys.ITEM_ID].is_in(items[keys.ITEM_ID].implode())
    lost, described = int((known[DESCRIBED] & ~held).sum()), int(known[DESCRIBED].sum())
    if lost > MOST_LOST * described:
        raise DataError(
            f"The items table must hold the items that it held at the training, all but "
            f"{MOST_LOST:.0%}. Received: a table without {lost} of {described}. Give the whole "
            "table, not only what is new; what is not to be shown any more says so by "
            "`available_to`."
        )
    return known.filter(held | (pl.col(keys.ITEM_COUNT) > 0)).drop(DESCRIBED, ENDS)


def _refuse_if_ended(known: pl.DataFrame, items: pl.DataFrame, now: int) -> None:
    """Refuses a table after which hardly anything would be left to be shown.

    The gates would not notice: they ask at the times of held-out requests, when it was still there.
    """
    if AVAILABLE_TO not in items.columns:
        return
    on_show = known.filter(pl.col(DESCRIBED) & (pl.col(ENDS).is_null() | (pl.col(ENDS) > now)))
    ended = items.filter(pl.col(AVAILABLE_TO) <= now)[keys.ITEM_ID]
    count = int(on_show[keys.ITEM_ID].is_in(ended.implode()).sum())
    if count > MOST_ENDED * len(on_show):
        raise DataError(
            f"The items table must leave at least {1 - MOST_ENDED:.0%} on show of the items that "
            f"were on show at the training. Received: a table whose `available_to` has ended "
            f"{count} of {len(on_show)}. Check what the export writes there, or train anew "
            "(sluice run)."
        )
