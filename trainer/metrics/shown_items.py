"""TFMA metrics of what lists hold, whoever the target is: popularity, novelty, diversity.

All three are means over the lists of one number a list, which an extractor computes for a whole
batch (`list_extractors`); the formulas are here. An item that the table does not hold is passed
over, and so is a list for a metric that it has too few items for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics.item_table import ItemTable
from trainer.metrics.totals import FIXED_POINT, Totals, totals_metric

LIST_LENGTH = 10
# Extract: model name -> int64 [B, 5], see `measure_lists`.
LIST_NUMBERS = "list_numbers"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def measure_lists(rows: Ints, items: ItemTable) -> Ints:
    """The numbers of each list that add up to the metrics.

    Args:
        rows: Row in the table of each shown item, -1 where there is none [B, K].
        items: The table.

    Returns:
        [B, 5]: lists with an item (0 or 1), popularity, novelty, lists with a pair of items (0 or
        1), diversity; the second, third and last in fixed point.
    """
    shown = rows >= 0
    count = shown.sum(axis=1)
    numbers = [
        count > 0,
        _fixed(_mean(items.popularity[rows], shown)),
        _fixed(_mean(items.self_information[rows], shown)),
        count > 1,
        _fixed(_diversity(items.vectors[rows], shown)),
    ]
    return np.stack([number.astype(np.int64) for number in numbers], axis=1)


def _diversity(vectors: NDArray[np.float32], shown: NDArray[np.bool_]) -> Floats:
    """1 - mean cosine over the pairs of a list, from the length of the sum of its unit vectors."""
    v = vectors.astype(np.float64)
    norm = np.sqrt((v * v).sum(axis=2, keepdims=True))
    unit = np.where(shown[:, :, None], v / np.where(norm > 0, norm, 1.0), 0.0)
    own, total = (unit * unit).sum(axis=(1, 2)), unit.sum(axis=1)
    pairs = shown.sum(axis=1) * (shown.sum(axis=1) - 1)
    cosines = (total * total).sum(axis=1) - own
    diversity: Floats = np.where(pairs > 0, 1.0 - cosines / np.maximum(pairs, 1), 0.0)
    return diversity


def _mean(values: Floats, shown: NDArray[np.bool_]) -> Floats:
    mean: Floats = np.where(shown, values, 0.0).sum(axis=1) / np.maximum(shown.sum(axis=1), 1)
    return mean


def _fixed(values: Floats) -> Floats:
    return np.rint(values * FIXED_POINT)


class ShownItemsMetric(metric_types.Metric):
    """One metric of the first ten items of each list.

    - `popularity_lift_at_10`: mean popularity of what is shown over that of what users take, where
      an item's popularity is its number of training behaviours and a behaviour of the training log
      is what users take. 1 is as popular as the log, 2 twice so. After the group average popularity
      of Abdollahpouri et al., The Unfairness of Popularity Bias in Recommendation, RMSE 2019, with
      the whole log in the place of each user's profile.
    - `novelty_at_10`: mean self-information, -log2 p(item), in bits. Source: Vargas and Castells,
      Rank and Relevance in Novelty and Diversity Metrics, RecSys 2011. One behaviour is added to
      each item, so that the information of a new one is finite.
    - `intra_list_diversity_at_10`: 1 - mean cosine of the candidate tower's vectors over all pairs
      of a list. Source: Ziegler et al., Improving Recommendation Lists Through Topic
      Diversification, WWW 2005.

    A blessed model that is compared with is measured by the candidate's table, too.

    Args:
        name: One of these names.
    """

    def __init__(self, name: str) -> None:
        """Checks the name.

        Raises:
            ValueError: If there is no such metric.
        """
        if name not in _FORMULAS:
            raise ValueError(f"`name` must be one of {', '.join(_FORMULAS)}. Received: {name!r}.")
        super().__init__(metric_util.merge_per_key_computations(_shown_items), name=name)


class ListNumbersPreprocessor(metric_types.Preprocessor):
    """One evaluated row -> its numbers, as `measure_lists` gives them."""

    def __init__(self, model_name: str) -> None:
        super().__init__(name=f"list_numbers:{model_name}")
        self._model_name = model_name

    def process(self, extracts: Mapping[str, Any]) -> Iterator[Totals]:
        """Yields the numbers.

        Raises:
            ValueError: If no extractor has measured the lists.
        """
        if LIST_NUMBERS not in extracts:
            raise ValueError(
                "Metrics of shown items need lists that were measured in batches. Received: a row "
                f"with {', '.join(extracts)}. Give the Evaluator "
                "`module_path=pipeline.judging.LIST_EXTRACTORS`."
            )
        # Python integers know no overflow.
        yield tuple(np.ravel(extracts[LIST_NUMBERS][self._model_name]).tolist())


def _shown_items(name: str, model_name: str = "") -> list[Any]:
    key = metric_types.MetricKey(name=name, model_name=model_name)
    return totals_metric(key, ListNumbersPreprocessor(model_name), _FORMULAS[name])


def _ratio(numerator: int, denominator: int) -> Callable[[Totals], float]:
    def of(totals: Totals) -> float:
        lists = totals[denominator] if totals else 0
        return totals[numerator] / lists / FIXED_POINT if lists else math.nan

    return of


_FORMULAS = {
    f"popularity_lift_at_{LIST_LENGTH}": _ratio(1, 0),
    f"novelty_at_{LIST_LENGTH}": _ratio(2, 0),
    f"intra_list_diversity_at_{LIST_LENGTH}": _ratio(4, 3),
}

metric_types.register_metric(ShownItemsMetric)
