"""What the rows are made by, and which of their columns depend on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import TypeAdapter

from transform import features as f
from transform.aggregates import Aggregate, Of, aggregates_of, parse_aggregates
from transform.features import Feature, label_key
from transform.settings import ExampleSettings, SplitSettings


@dataclass(frozen=True)
class Declared:
    """What the rows are made by.

    Attributes:
        features: Declared features.
        aggregates: Declared aggregates.
        split: How events are divided.
        examples: Shape of the rows.
        seed: Seed of the sampled candidates.
    """

    features: tuple[Feature, ...]
    aggregates: tuple[Aggregate, ...]
    split: SplitSettings
    examples: ExampleSettings
    seed: int

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Self:
        """As it travels in execution properties."""
        return cls(
            TypeAdapter(tuple[Feature, ...]).validate_json(properties["features"]),
            parse_aggregates(properties["aggregates"]),
            SplitSettings.model_validate_json(properties["split"]),
            ExampleSettings.model_validate_json(properties["example_settings"]),
            properties["seed"],
        )

    @property
    def targets(self) -> frozenset[str]:
        """Columns of labels."""
        return frozenset({f.LABEL, *(label_key(name) for name in self.examples.labels)})

    @property
    def listed(self) -> frozenset[str]:
        """Columns with a value for each candidate."""
        aligned = self._aggregates_of(Of.ITEM, Of.USER_CATEGORY)
        return aligned | self.targets | {f.CANDIDATE_ITEM_ID, f.CANDIDATE_PROBABILITY}

    @property
    def shared(self) -> frozenset[str]:
        """Columns of ranking rows that depend on the events of other users."""
        return self._aggregates_of(Of.ITEM, Of.ALL) | {f.CANDIDATE_PROBABILITY}

    def _aggregates_of(self, *kinds: Of) -> frozenset[str]:
        return frozenset(one.name for one in aggregates_of(self.aggregates, *kinds))
