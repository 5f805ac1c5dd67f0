"""The array operations that the simulation shares."""

import numpy as np
import pytest

from simulation.arrays import counters, ids, sigmoid


def test_counters_begin_anew_with_each_run():
    assert counters(np.array([2, 0, 3])).tolist() == [0, 1, 0, 1, 2]
    assert counters(np.array([], dtype=np.int64)).tolist() == []


def test_ids_are_padded():
    assert ids("u", np.array([0, 41]), 3).to_list() == ["u000", "u041"]


def test_sigmoid():
    assert sigmoid(np.array([0.0, np.log(3)])) == pytest.approx([0.5, 0.75])
