"""Which requests say how good a retriever is, and among which items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from trainer.catalogue import Catalogue
from trainer.two_tower.model import TwoTower
from trainer.two_tower.validation import Validation

Rows = Callable[..., dict[str, Any]]


def asking(rows: Rows, histories: list[list[int]], targets: list[int]) -> dict[str, Any]:
    target = tf.constant(targets, tf.int64)[:, tf.newaxis]
    return {**rows(histories), "target_item_id": target}


def test_requests_for_what_lists_leave_out_do_not_count(
    retriever: TwoTower, catalogue: Catalogue, rows: Rows
) -> None:
    new = asking(rows, [[2, 3], [4]], [5, 6])
    again = asking(rows, [[2, 3], [7, 8, 9]], [2, 9])
    measured = [
        Validation(retriever, catalogue, batches, exclude_seen=True)()
        for batches in ([new], [new, again])
    ]
    assert measured[0] == measured[1] > 0.0


def test_seen_items_stand_before_a_target_where_lists_hold_them(
    retriever: TwoTower, catalogue: Catalogue, rows: Rows
) -> None:
    row = asking(rows, [[2, 3, 4], [5]], [6, 5])
    scores = retriever(row).numpy() @ retriever.item_vectors(tf.range(12, dtype=tf.int64)).numpy().T
    ranks = [int((scores[n, 2:] > scores[n, target]).sum()) for n, target in enumerate([6, 5])]
    expected = float(np.mean([1 / np.log2(rank + 2.0) for rank in ranks]))
    measure = Validation(retriever, catalogue, [row], exclude_seen=False)
    assert measure() == pytest.approx(expected)
