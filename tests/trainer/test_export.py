"""Tests of the weights that are kept beside a saved model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from trainer.export import restore, save_before_refresh, saved_variables, was_refreshed


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A saved model whose weight is 2."""
    module = tf.Module()
    module.model_variables = [tf.Variable([2.0])]
    tf.saved_model.save(module, str(tmp_path))
    return tmp_path


def vector(weight: float) -> tf.Module:
    module = tf.Module()
    module.weight = tf.Variable([weight])
    return module


def test_weights_from_before_the_refresh_are_kept_beside_the_served_ones(saved: Path) -> None:
    save_before_refresh(vector(1.0), saved)
    assert was_refreshed(saved)
    restored = vector(0.0)
    restore(restored, saved, before_refresh=True)
    np.testing.assert_array_equal(restored.weight, [1.0])
    restore(restored, saved)
    np.testing.assert_array_equal(restored.weight, [2.0])


def test_without_a_refresh_there_is_one_set_of_weights(saved: Path) -> None:
    assert not was_refreshed(saved)
    restored = vector(0.0)
    restore(restored, saved, before_refresh=True)
    np.testing.assert_array_equal(restored.weight, [2.0])


def test_values_come_in_the_order_of_the_variables(tmp_path: Path) -> None:
    module = tf.Module()
    module.model_variables = [tf.Variable(np.full([i + 1], i, np.float32)) for i in range(12)]
    tf.saved_model.save(module, str(tmp_path))
    assert [value.tolist() for value in saved_variables(tmp_path)] == [
        [float(i)] * (i + 1) for i in range(12)
    ]
    save_before_refresh(vector(1.0), tmp_path)
    assert [value.tolist() for value in saved_variables(tmp_path, before_refresh=True)] == [[1.0]]
