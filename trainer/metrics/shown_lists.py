"""TFMA: which items and which lists were shown, for the metrics that notice a collapsed model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
from tensorflow_model_analysis.metrics import metric_types

from trainer.metrics.ranks import PADDING
from trainer.metrics.target_ranks import label_and_list

_ITEMS, _DIGEST = "items", "digest"


@dataclass
class Shown:
    """What was shown to a set of queries.

    Attributes:
        queries: Number of queries.
        items: Distinct items in their lists.
        lists: Digests of their distinct lists; order counts.
    """

    queries: int = 0
    items: set[bytes] = field(default_factory=set)
    lists: set[bytes] = field(default_factory=set)


class TopItemsPreprocessor(metric_types.Preprocessor):
    """One evaluated row -> the first k items of its list without padding, and their digest.

    It runs once a row, the combiner once a slice of the row: the digest is made here.
    """

    def __init__(self, k: int, eval_config: Any, model_name: str) -> None:
        super().__init__(name=f"top_{k}_items:{model_name}")
        self._k = k
        self._eval_config = eval_config
        self._model_name = model_name

    def process(self, extracts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yields `{"items": [at most k], "digest": bytes}`."""
        _, shown = label_and_list(extracts, self._eval_config, self._model_name)
        items = [item for item in shown[: self._k] if item != PADDING]
        # The length of each id is part of the digest, so that ("a", "bc") is not ("ab", "c").
        text = b"".join(b"%d:%s" % (len(item), item) for item in items)
        yield {_ITEMS: items, _DIGEST: hashlib.blake2b(text, digest_size=16).digest()}


class ShownCombiner(beam.CombineFn):
    """Gathers distinct items and distinct lists."""

    def __init__(self, key: metric_types.MetricKey) -> None:
        self._key = key

    def create_accumulator(self) -> Shown:
        """Nothing shown yet."""
        return Shown()

    def add_input(self, accumulator: Shown, element: Mapping[str, Any]) -> Shown:
        """Adds one list."""
        accumulator.queries += 1
        accumulator.items.update(element[_ITEMS])
        accumulator.lists.add(element[_DIGEST])
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Shown]) -> Shown:
        """Unites what was shown."""
        total = Shown()
        for shown in accumulators:
            total.queries += shown.queries
            total.items |= shown.items
            total.lists |= shown.lists
        return total

    def extract_output(self, accumulator: Shown) -> dict[Any, Shown]:
        """What was shown, for the metrics derived from it."""
        return {self._key: accumulator}


def shown_metric(
    name: str, k: int, formula: Callable[[Shown], float], eval_config: Any, model_name: str
) -> list[Any]:
    """Computations of one metric of the first k items of all lists.

    Raises:
        ValueError: If `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"`k` must be at least 1. Received: k={k} for the metric `{name}`.")
    shown_key = metric_types.MetricKey(name=f"_shown_at_{k}", model_name=model_name)
    key = metric_types.MetricKey(name=name, model_name=model_name)

    def result(metrics: Mapping[Any, Any]) -> dict[Any, float]:
        return {key: formula(metrics[shown_key])}

    return [
        metric_types.MetricComputation(
            keys=[shown_key],
            preprocessors=[TopItemsPreprocessor(k, eval_config, model_name)],
            combiner=ShownCombiner(shown_key),
        ),
        metric_types.DerivedMetricComputation(keys=[key], result=result),
    ]
