"""TFMA metric: gains in log loss, gAUC and calibration over the blessed model, by request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.metrics import metric_types

from trainer.metrics.paired_bootstrap import user_group
from trainer.metrics.paired_models import Pair, gain_keys, gain_values, model_pair
from trainer.metrics.paired_scores import STATISTICS, GroupSums, Sums, request_sums, score_gains
from trainer.metrics.row_scores import SCORE, Head, row_scores
from transform.features import LABEL, USER_ID


class PairedScorePreprocessor(metric_types.Preprocessor):
    """One evaluated row -> the group of its user and its sums."""

    def __init__(self, head: Head, pair: Pair) -> None:
        super().__init__(name=":".join(["paired_scores", *map(str, head), *pair]))
        self._head = head
        self._pair = pair

    def process(self, extracts: Mapping[str, Any]) -> Iterator[tuple[int, Sums]]:
        """Yields one pair, or none for a repeat that is not measured."""
        if not self._head.measures(extracts):
            return
        new, old = (row_scores(extracts, self._head, model) for model in self._pair)
        (user,) = np.ravel(extracts[constants.FEATURES_KEY][USER_ID])
        yield user_group(user), request_sums(new.labels, new.scores, old.scores, new.sampled)


class GroupSumsCombiner(beam.CombineFn):
    """Adds up the sums of each group."""

    def __init__(self, key: metric_types.MetricKey) -> None:
        self._key = key

    def create_accumulator(self) -> GroupSums:
        """No request yet."""
        return {}

    def add_input(self, accumulator: GroupSums, element: tuple[int, Sums]) -> GroupSums:
        """Adds one request."""
        _add(accumulator, *element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[GroupSums]) -> GroupSums:
        """Adds totals up."""
        total: GroupSums = {}
        for part in accumulators:
            for group, sums in part.items():
                _add(total, group, sums)
        return total

    def extract_output(self, accumulator: GroupSums) -> dict[Any, GroupSums]:
        """The sums, for the gains derived from them."""
        return {self._key: accumulator}


def _add(total: GroupSums, group: int, sums: Sums) -> None:
    known = total.get(group, Sums())
    total[group] = Sums(*(a + b for a, b in zip(known, sums, strict=True)))


class PairedScoreGains(metric_types.Metric):
    """Gains of one head's log loss, gAUC and calibration over the blessed model's, with intervals.

    `<metric>_gain`, `_gain_lower`, `_gain_upper`, `_gain_error`, as `PairedRankGains` has them;
    above 0 is better. Without a blessed model there are none of these.
    """

    def __init__(
        self,
        name: str = "paired_scores",
        label: str = LABEL,
        prediction: str = SCORE,
        repeats: bool = True,
    ) -> None:
        """Reads labels and scores of a head (see `row_scores.Head`)."""
        super().__init__(
            _paired_scores, name=name, label=label, prediction=prediction, repeats=repeats
        )


def _paired_scores(
    name: str,
    label: str,
    prediction: str,
    repeats: bool,
    eval_config: Any = None,
    model_names: list[str] | None = None,
) -> list[Any]:
    pair = model_pair(eval_config, model_names or [""])
    if pair is None:
        return []
    head = Head(label, prediction, repeats)
    # A leading underscore keeps TFMA from writing the sums into the results.
    sums_key = metric_types.MetricKey(name=f"_{name}", model_name=pair.candidate)

    def result(metrics: Mapping[Any, Any]) -> dict[Any, float]:
        found = score_gains(metrics[sums_key])
        return gain_values({head.metric(metric): gain for metric, gain in found.items()}, pair)

    return [
        metric_types.MetricComputation(
            keys=[sums_key],
            preprocessors=[PairedScorePreprocessor(head, pair)],
            combiner=GroupSumsCombiner(sums_key),
        ),
        metric_types.DerivedMetricComputation(
            keys=gain_keys([head.metric(metric) for metric in STATISTICS], pair), result=result
        ),
    ]


metric_types.register_metric(PairedScoreGains)
