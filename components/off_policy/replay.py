"""What a model would have shown: the requests of a log, asked once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.off_policy.exposures import Exposures
from serving.query import Query
from serving.user_state.queries import user_query
from serving.user_state.record import UNKNOWN
from serving.user_store import UserStore
from transform import features as keys
from transform.aggregates import Aggregate, Of, aggregates_of
from transform.features import Feature, Kind, query_features

_BATCH = 256
_HISTORY = (keys.HISTORY_ITEM_ID, keys.HISTORY_EVENT_TYPE, keys.HISTORY_TIME)


def rows_of(
    exposures: Exposures,
    states: UserStore,
    features: Sequence[Feature],
    aggregates: Sequence[Aggregate],
) -> list[bytes]:
    """The requests behind lists, as serialized rows of the model.

    Each is of what was known at its moment: later events are left out. Counts of windows are those
    of the tiles that the state still holds.
    """
    known = states.known(exposures.user_id)
    rows = []
    shown = zip(exposures.user_id, exposures.time, exposures.context, strict=True)
    for user_id, time, context in shown:
        record = known.get(user_id, UNKNOWN)
        query = user_query(user_id, record, states.publication, time, context)
        rows.append(_row(query, features, aggregates))
    return rows


def lists_of(model: Path, rows: Sequence[bytes], places: int) -> npt.NDArray[np.object_]:
    """What a model puts at the first places, without exploration: object (str) [N, places].

    Args:
        model: A recommender's SavedModel.
        rows: Serialized requests.
        places: Length of the lists, up to those of `serving_default`.
    """
    ask = tf.saved_model.load(str(model)).signatures["serving_default"]
    parts = [
        ask(examples=tf.constant(rows[begin : begin + _BATCH]))["item_id"].numpy()[:, :places]
        for begin in range(0, len(rows), _BATCH)
    ]
    names = np.concatenate(parts)
    found: npt.NDArray[np.object_] = np.vectorize(bytes.decode, otypes=[object])(names)
    return found


def _row(query: Query, features: Sequence[Feature], aggregates: Sequence[Aggregate]) -> bytes:
    values: dict[str, Sequence[Any]] = {name: getattr(query, name) for name in _HISTORY}
    numbers = {aggregate.name for aggregate in aggregates_of(aggregates, Of.USER, Of.ALL)}
    numbers |= {one.name for one in query_features(features) if one.kind is Kind.NUMBER}
    texts = {one.name for one in query_features(features) if not one.is_numeric}
    for name, value in query.features.items():
        cast = float if name in numbers else str if name in texts else int
        values[name] = [cast(value)]
    for aggregate in aggregates_of(aggregates, Of.USER_CATEGORY):
        known: Mapping[str, float] = query.category_values.get(aggregate.name, {})
        values[aggregate.key_name] = list(known)
        values[aggregate.value_name] = [float(value) for value in known.values()]
    values[keys.USER_ID] = [query.user_id]
    values[keys.REQUEST_TIME] = [query.request_time]
    columns = {name: _column(column) for name, column in values.items() if column}
    example = tf.train.Example(features=tf.train.Features(feature=columns))
    written: bytes = example.SerializeToString()
    return written


def _column(values: Sequence[Any]) -> tf.train.Feature:
    if isinstance(values[0], str):
        text = [value.encode() for value in values]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=text))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
