"""TFMA: which two models of an evaluation are compared, and the names that a gain goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tensorflow_model_analysis.metrics import metric_types

from trainer.metrics.paired_bootstrap import Gain


class Pair(NamedTuple):
    """Names of the two models."""

    candidate: str
    blessed: str


def model_pair(eval_config: Any, model_names: Sequence[str]) -> Pair | None:
    """The models to compare; None in a first run, which has no blessed model."""
    blessed = [spec.name for spec in eval_config.model_specs if spec.is_baseline]
    candidates = [name for name in model_names if name not in blessed]
    return Pair(candidates[0], blessed[0]) if blessed and candidates else None


def gain_keys(names: Sequence[str], pair: Pair) -> list[metric_types.MetricKey]:
    """Keys of all metrics that some gains travel as, in the order of `gain_values`."""
    return [
        metric_types.MetricKey(name=f"{name}_gain{part}", model_name=pair.candidate)
        for name in names
        for part in ("", "_lower", "_upper", "_error")
    ]


def gain_values(gains: Mapping[str, Gain], pair: Pair) -> dict[Any, float]:
    """`<metric>_gain`, `_gain_lower`, `_gain_upper` (95 %) and `_gain_error` of each gain."""
    values = [value for gain in gains.values() for value in gain]
    return dict(zip(gain_keys(list(gains), pair), values, strict=True))
