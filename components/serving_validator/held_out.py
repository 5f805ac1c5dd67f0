"""Held-out rows as requests, and the transformed row of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from components.example_columns import ValueType, read_batches
from serving.query import FeatureValue, Query
from transform import features as keys
from transform.aggregates import Aggregate, Of, aggregates_of
from transform.features import Feature, Kind, query_features

# TensorFlow Transform stores the values of a ragged feature under this name.
RAGGED = "$ragged_values"

# What identifies a row on both sides of the transform, which passes these through untouched.
_IDENTITY = (keys.REQUEST_TIME, keys.HISTORY_TIME, keys.CANDIDATE_PROBABILITY)
_ROW = "row"
Identity = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class HeldOutRequest:
    """A raw row of the eval split.

    Attributes:
        query: The request as a client would send it.
        candidates: Its candidates.
        record: The serialized row.
        identity: Tells the row's transformed form from others.
    """

    query: Query
    candidates: tuple[str, ...]
    record: bytes
    identity: Identity


def read_requests(
    uris: Sequence[str],
    features: Iterable[Feature],
    aggregates: Sequence[Aggregate],
    limit: int,
) -> list[HeldOutRequest]:
    """The first `limit` raw rows of a split, as requests."""
    declared = query_features(features)
    columns: dict[str, ValueType] = {
        keys.USER_ID: "bytes",
        keys.HISTORY_ITEM_ID: "bytes",
        keys.HISTORY_EVENT_TYPE: "bytes",
        keys.HISTORY_TIME: "int",
        keys.REQUEST_TIME: "int",
        keys.CANDIDATE_ITEM_ID: "bytes",
        keys.CANDIDATE_PROBABILITY: "float",
        **{feature.name: _value_type(feature) for feature in declared},
    }
    for aggregate in aggregates_of(aggregates, Of.USER, Of.ALL):
        columns[aggregate.name] = "float"
    for aggregate in aggregates_of(aggregates, Of.USER_CATEGORY):
        columns |= {aggregate.key_name: "bytes", aggregate.value_name: "float"}
    requests: list[HeldOutRequest] = []
    for records, frame in read_batches(uris, columns):
        rows = frame.head(limit - len(requests)).iter_rows(named=True)
        requests += [
            HeldOutRequest(
                query=_query(row, declared, aggregates),
                candidates=_text(row[keys.CANDIDATE_ITEM_ID]),
                record=record,
                identity=_identity(row, _IDENTITY),
            )
            for record, row in zip(records, rows, strict=False)
        ]
        if len(requests) >= limit:
            break
    return requests


def find_transformed(uris: Sequence[str], wanted: Iterable[Identity]) -> dict[Identity, bytes]:
    """Serialized transformed rows by identity.

    The transform may write rows in another order. An identity that two rows share is left out.
    """
    missing = set(wanted)
    names = [keys.REQUEST_TIME, *(f"{key}{RAGGED}" for key in _IDENTITY[1:])]
    columns: dict[str, ValueType] = dict(zip(names, ("int", "int", "float"), strict=True))
    found: dict[Identity, bytes] = {}
    repeated: set[Identity] = set()
    times = [time for at, *_ in missing for time in at]
    asked_then = pl.col(keys.REQUEST_TIME).list.first().is_in(times)
    for records, frame in read_batches(uris, columns):
        # Few of a split's rows are wanted: the others need not become Python objects.
        rows = frame.with_row_index(_ROW).filter(asked_then)
        for row in rows.iter_rows(named=True):
            identity = _identity(row, names)
            if identity in found:
                repeated.add(identity)
            elif identity in missing:
                found[identity] = records[row[_ROW]]
    return {identity: record for identity, record in found.items() if identity not in repeated}


def _identity(row: dict[str, Any], names: Sequence[str]) -> Identity:
    return tuple(tuple(row[name]) for name in names)


def _value_type(feature: Feature) -> ValueType:
    if feature.kind is Kind.NUMBER:
        return "float"
    return "int" if feature.kind is Kind.TIME else "bytes"


def _query(
    row: dict[str, Any], features: Iterable[Feature], aggregates: Sequence[Aggregate]
) -> Query:
    return Query(
        user_id=_text(row[keys.USER_ID])[0],
        request_time=row[keys.REQUEST_TIME][0],
        history_item_id=_text(row[keys.HISTORY_ITEM_ID]),
        history_event_type=_text(row[keys.HISTORY_EVENT_TYPE]),
        history_time=tuple(row[keys.HISTORY_TIME]),
        features={
            **{feature.name: _value(row[feature.name], feature) for feature in features},
            **{a.name: _number(row[a.name]) for a in aggregates_of(aggregates, Of.USER, Of.ALL)},
        },
        category_values={
            a.name: dict(zip(_text(row[a.key_name]), row[a.value_name], strict=True))
            for a in aggregates_of(aggregates, Of.USER_CATEGORY)
        },
    )


def _text(values: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(value.decode("utf-8") for value in values)


def _value(values: Sequence[Any], feature: Feature) -> FeatureValue:
    """A feature's value as a request carries it; a missing number is NaN, as in the rows' graph."""
    if feature.kind is Kind.NUMBER:
        return _number(values)
    if feature.kind is Kind.TIME:
        return int(values[0]) if values else 0
    return bytes(values[0]).decode("utf-8") if values else ""


def _number(values: Sequence[Any]) -> float:
    return float(values[0]) if values else math.nan
