"""Counter-based random numbers: what is drawn depends on keys and counters alone.

No generator carries a state from one row to the next, so a row's draw is the same however rows are
partitioned, ordered or repeated. The mixer is SplitMix64's (Steele, Lea and Flood, 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(key: NDArray[np.uint64], counter: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """64 random bits for each pair of key and counter (broadcast)."""
    x: NDArray[np.uint64] = key + (counter + np.uint64(1)) * _GOLDEN
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


def uniform(key: NDArray[np.uint64], counter: NDArray[np.uint64]) -> NDArray[np.float64]:
    """A number in the open interval (0, 1) for each pair of key and counter (broadcast)."""
    bits = (mix(key, counter) >> np.uint64(11)).astype(np.float64)
    return (bits + 0.5) * 2.0**-53
