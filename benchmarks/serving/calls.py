"""The calls of a load, and figures about them. Times are of the machine's monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

ANSWERED = 0  # gRPC's status OK

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Calls:
    """Calls, in the order in which callers came.

    Attributes:
        began: From when on callers could come.
        due: When each caller came, seconds: by the schedule, not when it could be sent.
        ended: When its answer or error came.
        version: The version that answered, 0 where none did.
        status: gRPC's status code.
    """

    began: float
    due: Floats
    ended: Floats
    version: Ints
    status: Ints

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads what a load has written."""
        with np.load(path) as file:
            order = np.argsort(file["due"], kind="stable")
            columns = (file[name][order] for name in ("due", "ended", "version", "status"))
            return cls(float(file["began"]), *columns)

    def __len__(self) -> int:
        return len(self.due)

    @property
    def answered(self) -> Mask:
        """Whether each call was answered."""
        answered: Mask = self.status == ANSWERED
        return answered

    @property
    def milliseconds(self) -> Floats:
        """How long each caller waited."""
        return 1000.0 * (self.ended - self.due)

    @property
    def failed(self) -> int:
        """Number of calls without an answer."""
        return int(np.count_nonzero(~self.answered))

    def where(self, mask: Mask) -> Calls:
        """Some of the calls."""
        due, ended = self.due[mask], self.ended[mask]
        return Calls(self.began, due, ended, self.version[mask], self.status[mask])

    def between(self, begin: float, end: float) -> Calls:
        """The calls of callers who came in [begin, end)."""
        return self.where((self.due >= begin) & (self.due < end))

    def percentile_ms(self, percent: float) -> float:
        """The wait that so many per cent of the callers did not exceed.

        A call that failed counts as one that waits for ever; infinity where that decides, or where
        there is no call.
        """
        if not len(self):
            return float("inf")
        waits = np.sort(np.where(self.answered, self.milliseconds, np.inf))
        return float(waits[max(0, int(np.ceil(percent / 100.0 * len(waits))) - 1)])

    def answers_a_second(self, begin: float, end: float) -> float:
        """Answers that came in [begin, end), over its length."""
        came = self.answered & (self.ended >= begin) & (self.ended < end)
        return int(np.count_nonzero(came)) / (end - begin)
