"""TFMA: sums of whole numbers over rows, for metrics that are a count or a ratio of sums.

Whole numbers add up to the same total in any order, on any number of machines; fractions are summed
in fixed point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import apache_beam as beam
from tensorflow_model_analysis.metrics import metric_types

FIXED_POINT = 2**24

# Sums by place; empty where no row was added.
Totals = tuple[int, ...]


class TotalsCombiner(beam.CombineFn):
    """Adds tuples of whole numbers up, place by place."""

    def __init__(self, key: metric_types.MetricKey) -> None:
        self._key = key

    def create_accumulator(self) -> Totals:
        """No row yet."""
        return ()

    def add_input(self, accumulator: Totals, element: Totals) -> Totals:
        """Adds one row."""
        if not accumulator:
            return element
        return tuple(map(sum, zip(accumulator, element, strict=True)))

    def merge_accumulators(self, accumulators: Iterable[Totals]) -> Totals:
        """Adds totals up."""
        total: Totals = ()
        for part in accumulators:
            if part:
                total = self.add_input(total, part)
        return total

    def extract_output(self, accumulator: Totals) -> dict[Any, Totals]:
        """The totals, for the metrics derived from them."""
        return {self._key: accumulator}


def totals_metric(
    key: metric_types.MetricKey,
    preprocessor: metric_types.Preprocessor,
    formula: Callable[[Totals], float],
) -> list[Any]:
    """Computations of one metric, derived from totals that metrics of one preprocessor share.

    Args:
        key: Key of the metric.
        preprocessor: Yields the numbers of a row, or nothing; its name is the name of the totals.
        formula: Totals to value.
    """
    # A leading underscore keeps TFMA from writing the totals into the results.
    totals = metric_types.MetricKey(name=f"_{preprocessor.name}", model_name=key.model_name)

    def result(metrics: Mapping[Any, Any]) -> dict[Any, float]:
        return {key: formula(metrics[totals])}

    return [
        metric_types.MetricComputation(
            keys=[totals], preprocessors=[preprocessor], combiner=TotalsCombiner(totals)
        ),
        metric_types.DerivedMetricComputation(keys=[key], result=result),
    ]
