"""Counter-based random numbers."""

import numpy as np

from transform.rows.random_numbers import mix, uniform

KEYS = np.arange(50, dtype=np.uint64)
COUNTERS = np.arange(2000, dtype=np.uint64)


def test_the_mixer_is_splitmix64():
    # The first outputs of SplitMix64 seeded with 1234567, as its authors' code gives them.
    seed = np.array([1234567], np.uint64)
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert mix(seed, COUNTERS[:3]).tolist() == expected


def test_numbers_lie_strictly_between_zero_and_one_and_are_even():
    numbers = uniform(KEYS[:, None], COUNTERS[None, :])
    assert numbers.min() > 0
    assert numbers.max() < 1
    counts, _ = np.histogram(numbers, bins=20, range=(0, 1))
    assert abs(counts / counts.mean() - 1).max() < 0.05


def test_neighbouring_keys_and_counters_are_not_correlated():
    numbers = uniform(KEYS[:, None], COUNTERS[None, :])
    assert abs(np.corrcoef(numbers[:-1].ravel(), numbers[1:].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(numbers[:, :-1].ravel(), numbers[:, 1:].ravel())[0, 1]) < 0.01


def test_a_number_depends_on_its_own_key_and_counter_alone():
    whole = uniform(KEYS[:, None], COUNTERS[None, :])
    assert uniform(KEYS[7:8], COUNTERS[11:12])[0] == whole[7, 11]
