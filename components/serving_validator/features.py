"""Features bit by bit: what a request becomes in the served graph, and what training read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.serving_validator.calls import output
from components.serving_validator.held_out import RAGGED
from transform import features as keys
from transform.aggregates import Aggregate, Of, aggregates_of
from transform.features import Feature, query_features

Served = Mapping[str, npt.NDArray[Any]]


def feature_names(features: Iterable[Feature], aggregates: Sequence[Aggregate]) -> tuple[str, ...]:
    """The transformed features that a request feeds the models."""
    by_category = aggregates_of(aggregates, Of.USER_CATEGORY)
    return (
        keys.HISTORY_ITEM_ID,
        keys.HISTORY_EVENT_TYPE,
        keys.HISTORY_TIME,
        keys.REQUEST_TIME,
        *(feature.name for feature in query_features(features)),
        *(aggregate.name for aggregate in aggregates_of(aggregates, Of.USER, Of.ALL)),
        *(name for a in by_category for name in (a.key_name, a.value_name)),
    )


def differing_rows(names: Iterable[str], served: Served, trained: Sequence[bytes]) -> Counter[str]:
    """In how many requests each feature differs from the row that training reads, by a bit or more.

    Args:
        names: The features.
        served: Outputs of the signature `query_features` [B, ...].
        trained: Serialized transformed row of each of the B requests.

    Returns:
        Feature -> number of requests; those without a difference are left out.

    Raises:
        ContractError: The model does not serve one of the features.
    """
    rows = [tf.train.Example.FromString(row).features.feature for row in trained]
    found: Counter[str] = Counter()
    for name in names:
        values, lengths = output(served, name), served.get(f"{name}{keys.LENGTH}")
        stored = name if lengths is None else f"{name}{RAGGED}"
        for place, row in enumerate(rows):
            value = values[place] if lengths is None else values[place, : lengths[place]]
            if not _same_bits(value, _stored_values(row[stored])):
                found[name] += 1
    return found


def _stored_values(feature: tf.train.Feature) -> npt.NDArray[Any]:
    """Values of a feature of a row; the protos hold integers and floats of one width each."""
    if feature.HasField("int64_list"):
        return np.array(feature.int64_list.value, np.int64)
    return np.array(feature.float_list.value, np.float32)


def _same_bits(value: npt.NDArray[Any], stored: npt.NDArray[Any]) -> bool:
    """Whether both hold the same values of one type; no values have no type."""
    if value.size == stored.size == 0:
        return True
    return value.dtype == stored.dtype and value.tobytes() == stored.tobytes()
