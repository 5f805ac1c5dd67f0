"""How the memory of a process grows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import TracebackType
from typing import Self

import numpy as np

MEGABYTE = 1e6
_SAMPLE_SECONDS = 0.5


@dataclass
class MemorySamples:
    """Samples the memory of processes while the context is open.

    Attributes:
        resident: Name -> resident bytes now.
        at: When each sample was taken, by the monotonic clock.
        bytes: Name -> resident bytes at these times.
    """

    resident: dict[str, Callable[[], int]]
    at: list[float] = field(default_factory=list)
    bytes: dict[str, list[int]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.bytes = {name: [] for name in self.resident}
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._sampler.join()

    def _sample(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            found = {name: read() for name, read in self.resident.items()}
            self.at.append(time.monotonic())
            for name, count in found.items():
                self.bytes[name].append(count)


def megabytes_a_minute(
    at: Sequence[float], resident: Sequence[int], taken_over: Sequence[float]
) -> float:
    """Slope of the memory that stays.

    While versions take over from each other two of them are loaded, and a load leaves scratch
    memory behind that the next one uses again. So what counts is the lowest figure between two
    changes, and the line through these by least squares.

    Args:
        at: When each sample was taken, rising, seconds.
        resident: Bytes.
        taken_over: When versions took over, rising; what lies before the first and after the last
            is left out.

    Raises:
        ValueError: There are fewer than two intervals with samples, which have no slope.
    """
    times, lows = [], []
    samples, sizes = np.array(at), np.array(resident)
    for begin, end in pairwise(taken_over):
        inside = np.flatnonzero((samples >= begin) & (samples < end))
        if len(inside):
            lowest = inside[np.argmin(sizes[inside])]
            times.append(samples[lowest])
            lows.append(sizes[lowest])
    if len(times) < 2:
        raise ValueError(
            "A slope takes two intervals between changes that have samples. "
            f"Received: {len(times)}. Measure longer."
        )
    slope, _ = np.polyfit(np.array(times) - times[0], np.array(lows, float), 1)
    return float(slope) * 60.0 / MEGABYTE
