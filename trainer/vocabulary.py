"""Sizes that the models need from the transform graph."""

from __future__ import annotations

import tensorflow_transform as tft
from pydantic import Field

from transform.features import Feature, Kind
from transform.preprocessing import EVENT_TYPE_VOCABULARY, FIRST_ID, ITEM_VOCABULARY
from transform.settings import Frozen


class Vocabulary(Frozen):
    """Row counts of the embedding tables; each counts padding and the unknown value too.

    Attributes:
        items: Rows of an item table: known items + 2.
        event_types: Rows of the event type table.
        features: Name of each category, id or text feature -> rows of its table.
    """

    items: int
    event_types: int
    features: dict[str, int] = Field(default_factory=dict)


def read_vocabulary(transform: tft.TFTransformOutput, features: list[Feature]) -> Vocabulary:
    """Reads the sizes of all vocabularies out of a transform graph."""
    sizes = {}
    for feature in features:
        if feature.kind is Kind.TEXT:
            sizes[feature.name] = feature.buckets + FIRST_ID
        elif not feature.is_numeric:
            sizes[feature.name] = transform.vocabulary_size_by_name(feature.name) + FIRST_ID
    return Vocabulary(
        items=transform.vocabulary_size_by_name(ITEM_VOCABULARY) + FIRST_ID,
        event_types=transform.vocabulary_size_by_name(EVENT_TYPE_VOCABULARY) + FIRST_ID,
        features=sizes,
    )
