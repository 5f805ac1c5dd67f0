"""The weights of an earlier model in a new one, whose vocabularies may be others.

Dense weights are found by their name, rows of embedding tables by their term. A term that the
earlier model did not know starts where that model puts whatever it does not know. For an item that
is its content: its vector is the row of its id plus its content, and an item that the earlier model
never saw has no id there.

The weights from before the refresh are taken: they have not seen the rows that validated them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.export import Description, SavedWeights, read_description, saved_terms
from trainer.vocabulary import vocabulary_of
from trainer.weights import weight_names
from transform.features import Feature
from transform.preprocessing import (
    EVENT_TYPE_VOCABULARY,
    FIRST_ID,
    ITEM_VOCABULARY,
    PADDING,
    UNKNOWN,
)

_ITEM_ROWS = "_ids/embeddings"
_SEEN_ITEMS = "_known"  # of the item encoder: True for items whose own id it shows
_EVENT_TYPE_ROWS = "_event_types/embeddings"
_OF_FEATURE = ("_encoders", "_tables")  # what stands before the name of a feature
_NAMED = 3  # differences that a message names


class UnlikeError(ValueError):
    """A training cannot go on from an earlier model."""


def transfer(
    folder: str, model: tf.keras.Model, now: Description, terms: Mapping[str, Sequence[bytes]]
) -> tuple[str, ...]:
    """Gives a model the trained weights of an earlier one.

    Args:
        folder: Of the earlier SavedModel.
        model: The new model, built.
        now: Its description.
        terms: Its vocabularies; term i has row i + FIRST_ID.

    Returns:
        Names of weights that stay as they are: those of features that the earlier model did not
        read, or read otherwise.

    Raises:
        UnlikeError: The models differ in more than terms and features. Nothing was changed.
    """
    earlier, saved = read_description(folder), SavedWeights(folder)
    _refuse_shared_rows(earlier)
    names = weight_names(model)
    trained = {
        name: weight
        for name, weight in zip(names, model.variables, strict=True)
        if weight.trainable
    }
    changed = _changed(earlier.features, now.features)
    anew = tuple(name for name in trained if _feature_of(name) in changed)
    carried = {name: weight for name, weight in trained.items() if name not in anew}
    tables = {name: _vocabulary(name, now.features) for name in carried}
    _refuse_other_aggregates(earlier, now, carried)
    _refuse_other_shapes(saved, carried, tables)
    _refuse_left_over(set(saved.shapes()) - set(names))
    rows = {
        vocabulary: _rows(folder, saved, vocabulary, terms[vocabulary])
        for vocabulary in filter(None, tables.values())
    }
    for name, weight in carried.items():
        values, vocabulary = saved.read(name), tables[name]
        weight.assign(values if vocabulary is None else values[rows[vocabulary]])
    return anew


def _rows(
    folder: str, saved: SavedWeights, vocabulary: str, terms: Sequence[bytes]
) -> npt.NDArray[np.int64]:
    """For each row of a new table, the row of the earlier one that it starts from."""
    place = {term: row for row, term in enumerate(saved_terms(folder, vocabulary), FIRST_ID)}
    known = [place.get(term, UNKNOWN) for term in terms]
    rows = np.array([PADDING, UNKNOWN, *known], np.int64)
    if vocabulary == ITEM_VOCABULARY:
        # The catalogue named some items that had no event: their rows were never read.
        seen = saved.read(next(n for n in saved.shapes() if n.split("/")[-1] == _SEEN_ITEMS))
        rows[FIRST_ID:] = np.where(seen[rows[FIRST_ID:]], rows[FIRST_ID:], UNKNOWN)
    return rows


def _changed(earlier: Iterable[Feature], now: Iterable[Feature]) -> set[str]:
    """Names of features that are new or declared otherwise."""
    before = {feature.name: feature for feature in earlier}
    return {feature.name for feature in now if before.get(feature.name) != feature}


def _feature_of(name: str) -> str | None:
    """The feature that a weight belongs to alone."""
    parts = name.split("/")
    places = [parts.index(one) for one in _OF_FEATURE if one in parts]
    return parts[places[0] + 1] if places else None


def _vocabulary(name: str, features: Iterable[Feature]) -> str | None:
    """The vocabulary whose terms the rows of a weight stand for, None for a dense weight."""
    if name.endswith(_ITEM_ROWS):
        return ITEM_VOCABULARY
    if name.endswith(_EVENT_TYPE_ROWS):
        return EVENT_TYPE_VOCABULARY
    named = {feature.name: feature for feature in features}
    feature = _feature_of(name)
    return None if feature is None else vocabulary_of(named[feature])


def _refuse_shared_rows(earlier: Description) -> None:
    """Which rows items share follows from their ids, and those change with the vocabulary."""
    if buckets := earlier.settings.get("hash_buckets"):
        raise UnlikeError(
            "The earlier model must have a row for each item. Received: one whose items share "
            f"rows (hash_buckets {buckets}). The next training goes on from this one."
        )


def _refuse_other_aggregates(earlier: Description, now: Description, carried: Any) -> None:
    """Each aggregate has columns of its own in the crosses of the ranker."""
    crossed = any("_crosses" in name.split("/") for name in carried)
    if crossed and earlier.aggregates != now.aggregates:
        then, declared = ([a.name for a in one.aggregates] for one in (earlier, now))
        raise UnlikeError(
            "The earlier model must read the same aggregates, in the same order and declared "
            f"alike. Received: {declared}, then {then}. The next training goes on from this one."
        )


def _refuse_other_shapes(
    saved: SavedWeights,
    carried: Mapping[str, tf.Variable],
    tables: Mapping[str, str | None],
) -> None:
    """But for the rows of terms, a weight keeps its shape."""
    shapes = saved.shapes()
    unlike = []
    for name, weight in carried.items():
        first = 0 if tables[name] is None else 1
        shape, then = tuple(weight.shape), shapes.get(name)
        if then is None or then[first:] != shape[first:]:
            unlike.append(f"{name} of shape {shape}, then {then or 'none'}")
    if unlike:
        raise UnlikeError(
            "The earlier model must have the weights of this one. Received: "
            f"{_some(unlike)}. The next training goes on from this one."
        )


def _refuse_left_over(names: Iterable[str]) -> None:
    """The earlier model has no part that this one lacks, but for those of features."""
    if left := sorted(name for name in names if _feature_of(name) is None):
        raise UnlikeError(
            "The earlier model must have no weights that this one lacks. Received: "
            f"{_some(left)}. The next training goes on from this one."
        )


def _some(parts: Sequence[str]) -> str:
    rest = len(parts) - _NAMED
    return "; ".join(parts[:_NAMED]) + (f"; and {rest} more" if rest > 0 else "")
