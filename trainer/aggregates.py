"""Aggregates of transformed rows as dense inputs of the ranker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from transform import features as keys
from transform.aggregates import Aggregate, Of, aggregates_of
from transform.preprocessing import FIRST_ID

# Feature and item ids int64 [B, C] -> ids of the items' categories, int64 [B, C, M], 0 = none.
CategoriesOf = Callable[[str, tf.Tensor], tf.Tensor]


class AggregateInputs:
    """Puts declared aggregates side by side, one column each."""

    def __init__(
        self,
        aggregates: Sequence[Aggregate],
        categories_of: CategoriesOf,
        sizes: Mapping[str, int],
    ) -> None:
        """Prepares the inputs.

        Args:
            aggregates: Declared aggregates.
            categories_of: Looks up the categories of items.
            sizes: Number of ids of each category feature (Vocabulary.features).
        """
        self._of_request = aggregates_of(aggregates, Of.USER, Of.ALL)
        self._of_category = aggregates_of(aggregates, Of.USER_CATEGORY)
        self._of_item = aggregates_of(aggregates, Of.ITEM)
        self._categories_of = categories_of
        self._sizes = sizes

    def item_values(self, row: dict[str, Any]) -> tf.Tensor:
        """Item aggregates of the candidates, as training rows hold them: float32 [B, C, I]."""
        if not self._of_item:
            shape = tf.shape(row[keys.CANDIDATE_ITEM_ID].to_tensor())
            return tf.zeros(tf.concat([shape, [0]], axis=0))
        return tf.stack([row[a.name].to_tensor() for a in self._of_item], axis=-1)

    def columns(
        self, row: dict[str, Any], candidates: tf.Tensor, item_values: tf.Tensor
    ) -> list[tf.Tensor]:
        """All aggregates of the candidates.

        Args:
            row: Transformed requests.
            candidates: Ids, int64 [B, C].
            item_values: Their item aggregates, float32 [B, C, I].

        Returns:
            float32 [B * C, 1] each, or [B * C, I] for those of items; nothing without aggregates.
        """
        count = tf.shape(candidates)[1]
        parts = [tf.repeat(row[a.name], count)[:, tf.newaxis] for a in self._of_request]
        for aggregate in self._of_category:
            values = self._category_values(aggregate, row, candidates)
            parts.append(tf.reshape(values, [-1, 1]))
        if self._of_item:
            parts.append(tf.reshape(item_values, [-1, len(self._of_item)]))
        return parts

    def _category_values(
        self, aggregate: Aggregate, row: dict[str, Any], candidates: tf.Tensor
    ) -> tf.Tensor:
        """The largest value of a candidate's categories, 0 for none: float32 [B, C]."""
        feature = str(aggregate.by)
        category, value = row[aggregate.key_name], row[aggregate.value_name]
        place = tf.stack([category.value_rowids(), category.flat_values], axis=1)
        nothing = tf.zeros([tf.shape(candidates)[0], self._sizes[feature]])
        table = tf.tensor_scatter_nd_max(nothing, place, value.flat_values)
        ids = self._categories_of(feature, candidates)
        found = tf.gather(table, ids, batch_dims=1)
        # Two categories that training never saw share an id, but are not the same.
        return tf.reduce_max(tf.where(ids >= FIRST_ID, found, 0.0), axis=2)


def scale_user_values(
    row: dict[str, Any], aggregates: Iterable[Aggregate], factor: tf.Tensor
) -> dict[str, Any]:
    """Multiplies what aggregates say about a request's user; 0 makes the user a newcomer.

    Args:
        row: Transformed requests.
        aggregates: Declared aggregates.
        factor: float32 [B].
    """
    scaled = dict(row)
    for aggregate in aggregates:
        if aggregate.of is Of.USER:
            scaled[aggregate.name] = row[aggregate.name] * factor
        elif aggregate.of is Of.USER_CATEGORY:
            values = row[aggregate.value_name]
            each = tf.gather(factor, values.value_rowids())
            scaled[aggregate.value_name] = values.with_flat_values(values.flat_values * each)
    return scaled
