"""TFMA's results as plain values: metric -> slice -> value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from tensorflow_model_analysis.writers.metrics_plots_and_validations_writer import (
    load_and_deserialize_metrics,
)

from trainer.metrics.paired_bootstrap import Gain

# Feature and value, for one feature or several; empty for all rows.
Slice = tuple[tuple[str, str], ...]
OVERALL: Slice = ()

_BASELINE = "baseline"  # the name that TFX gives the blessed model
_COUNT = "example_count"
_CALIBRATION = "calibration"

_GAIN = "_gain"
_PARTS = ("", "_lower", "_upper", "_error")  # endings of the metrics that a gain travels as


@dataclass(frozen=True)
class Evaluation:
    """What one Evaluator measured.

    Attributes:
        candidate: Metric -> slice -> value.
        blessed: The same of the blessed model; empty where there was none to compare with.
        gains: Metric -> slice -> gain over the blessed model, in the metric's own unit.
    """

    candidate: dict[str, dict[Slice, float]] = field(default_factory=dict)
    blessed: dict[str, dict[Slice, float]] = field(default_factory=dict)
    gains: dict[str, dict[Slice, Gain]] = field(default_factory=dict)

    def value(self, metric: str, of: Slice = OVERALL) -> float | None:
        """A metric of the candidate, None where it was not measured."""
        return self.candidate.get(metric, {}).get(of)

    def gain(self, metric: str, of: Slice = OVERALL) -> Gain | None:
        """By how much the candidate is better than the blessed model, as a share of its value.

        A gain in calibration is one of logarithms, and a share already. None where it was not
        measured or is no number, or the blessed model's value is 0.
        """
        found = self.gains.get(metric, {}).get(of)
        blessed = self.blessed.get(metric, {}).get(of)
        unit = 1.0 if metric.startswith(_CALIBRATION) else blessed
        if found is None or not unit or not all(map(math.isfinite, (*found, unit))):
            return None
        return Gain(*(part / unit for part in found))

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
    evaluation.gains.update(_take_gains(evaluation.candidate))
    return evaluation


def _take_gains(values: dict[str, dict[Slice, float]]) -> dict[str, dict[Slice, Gain]]:
    """Puts the parts of each gain together, and removes them from the metrics."""
    gains = {}
    for metric in [name.removesuffix(_GAIN) for name in values if name.endswith(_GAIN)]:
        parts = [values.pop(f"{metric}{_GAIN}{part}", {}) for part in _PARTS]
        gains[metric] = {of: Gain(*(part.get(of, math.nan) for part in parts)) for of in parts[0]}
    return gains


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
