"""What the models need of the vocabularies of the transform graph: their sizes and terms."""

from __future__ import annotations

from collections.abc import Iterable

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
        elif name := vocabulary_of(feature):
            sizes[feature.name] = transform.vocabulary_size_by_name(name) + FIRST_ID
    return Vocabulary(
        items=transform.vocabulary_size_by_name(ITEM_VOCABULARY) + FIRST_ID,
        event_types=transform.vocabulary_size_by_name(EVENT_TYPE_VOCABULARY) + FIRST_ID,
        features=sizes,
    )


def vocabulary_of(feature: Feature) -> str | None:
    """Name of the vocabulary that a feature's ids come from; None for a number and hashed text."""
    return None if feature.is_numeric or feature.kind is Kind.TEXT else feature.name


def read_terms(
    transform: tft.TFTransformOutput, features: Iterable[Feature]
) -> dict[str, list[bytes]]:
    """Vocabulary -> its terms; term i has the id i + FIRST_ID."""
    names = [ITEM_VOCABULARY, EVENT_TYPE_VOCABULARY, *filter(None, map(vocabulary_of, features))]
    return {name: transform.vocabulary_by_name(name) for name in names}
