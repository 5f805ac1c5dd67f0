"""TFMA's results as plain values: metric -> slice -> value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from tensorflow_model_analysis.writers.metrics_plots_and_validations_writer import (
    load_and_deserialize_metrics,
)

# Feature and value, for one feature or several; empty for all rows.
Slice = tuple[tuple[str, str], ...]
OVERALL: Slice = ()

_BASELINE = "baseline"  # the name that TFX gives the blessed model
_COUNT = "example_count"


@dataclass(frozen=True)
class Evaluation:
    """What one Evaluator measured.

    Attributes:
        candidate: Metric -> slice -> value.
        blessed: The same of the blessed model; empty where there was none to compare with.
    """

    candidate: dict[str, dict[Slice, float]] = field(default_factory=dict)
    blessed: dict[str, dict[Slice, float]] = field(default_factory=dict)

    def value(self, metric: str, of: Slice = OVERALL) -> float | None:
        """A metric of the candidate, None where it was not measured."""
        return self.candidate.get(metric, {}).get(of)

    def change(self, metric: str) -> float | None:
        """(candidate - blessed) / blessed over all rows, None where it cannot be told."""
        new, old = self.value(metric), self.blessed.get(metric, {}).get(OVERALL)
        return None if new is None or not old else (new - old) / old

    def rows(self, of: Slice = OVERALL) -> float:
        """Number of rows in a slice."""
        return self.value(_COUNT, of) or 0.0

    @property
    def slices(self) -> list[Slice]:
        """All slices but the overall one, in order."""
        return sorted(key for key in self.candidate.get(_COUNT, {}) if key != OVERALL)


def read_evaluation(uri: str) -> Evaluation:
    """Reads an Evaluator's results."""
    evaluation = Evaluation()
    for result in load_and_deserialize_metrics(uri):
        key = tuple(
            sorted((part.column, _text(part)) for part in result.slice_key.single_slice_keys)
        )
        for entry in result.metric_keys_and_values:
            if entry.key.is_diff:
                continue
            of_blessed = entry.key.model_name == _BASELINE
            model = evaluation.blessed if of_blessed else evaluation.candidate
            model.setdefault(entry.key.name, {})[key] = _number(entry.value)
    return evaluation


def _text(part: Any) -> str:
    """The value of a slice key as text."""
    kind = part.WhichOneof("kind")
    value = getattr(part, kind) if kind else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _number(value: Any) -> float:
    """A metric's value; NaN where it is not one number."""
    kind = value.WhichOneof("type")
    if kind == "double_value":
        return float(value.double_value.value)
    if kind == "bounded_value":
        return float(value.bounded_value.value.value)
    return math.nan
