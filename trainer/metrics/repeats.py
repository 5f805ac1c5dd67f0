"""TFMA metrics of rows: how many are measured, and how many ask for what the user has had."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics.totals import Totals, totals_metric
from transform.features import IS_REPEAT


def is_repeat(extracts: Mapping[str, Any]) -> bool:
    """Whether the user of an evaluated row has had its target before.

    Raises:
        ValueError: If the row does not say.
    """
    value = extracts[constants.FEATURES_KEY].get(IS_REPEAT)
    said = [] if value is None else np.ravel(value).tolist()
    repeat: bool = said == [b"1"]
    if not repeat and said != [b"0"]:
        raise ValueError(
            f'An evaluated row needs an `{IS_REPEAT}` of "0" or "1". Received: {said}. '
            "Write the rows anew with EventExampleGen."
        )
    return repeat


class RepeatPreprocessor(metric_types.Preprocessor):
    """One evaluated row -> (1 if it is a repeat, 1)."""

    def __init__(self, model_name: str) -> None:
        super().__init__(name=f"repeats:{model_name}")

    def process(self, extracts: Mapping[str, Any]) -> Iterator[Totals]:
        """Yields both numbers."""
        yield int(is_repeat(extracts)), 1


class RepeatShare(metric_types.Metric):
    """Share of rows whose target the user has had before.

    Where lists leave out what a user has had, no list can answer these: one minus the share is the
    most that Recall@K can reach.
    """

    def __init__(self, name: str = "repeat_share") -> None:
        """Names the metric."""
        super().__init__(metric_util.merge_per_key_computations(_repeat_share), name=name)


class MeasuredRows(metric_types.Metric):
    """Number of rows on which scores are measured where repeats are left out.

    It takes the place of TFMA's ExampleCount there, so that a slice is judged by the rows that it
    is measured on.
    """

    def __init__(self, name: str = "example_count") -> None:
        """Names the metric."""
        super().__init__(metric_util.merge_per_key_computations(_measured_rows), name=name)


def _repeat_share(name: str, model_name: str = "") -> list[Any]:
    key = metric_types.MetricKey(name=name, model_name=model_name)
    return totals_metric(key, RepeatPreprocessor(model_name), _share)


def _measured_rows(name: str, model_name: str = "") -> list[Any]:
    key = metric_types.MetricKey(name=name, model_name=model_name)
    return totals_metric(key, RepeatPreprocessor(model_name), _fresh)


def _share(totals: Totals) -> float:
    return totals[0] / totals[1] if totals else math.nan


def _fresh(totals: Totals) -> float:
    return float(totals[1] - totals[0]) if totals else 0.0


metric_types.register_metric(RepeatShare)
metric_types.register_metric(MeasuredRows)
