"""What is measured on each day of a closed loop."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.closed_loop.earnings import Earnings
from pipeline.closed_loop.plan import LoopPlan
from pipeline.closed_loop.retraining import Retraining
from serving.durable import replace_file


@dataclass(frozen=True)
class Footprint:
    """What the long-lived processes hold at the end of a day: a leak would show.

    Attributes:
        server_mb: Resident memory of the model server; None while there is none.
        server_files: Files and sockets that it holds open.
        loop_mb: Resident memory of this process.
        loop_files: Files and sockets that it holds open.
        backlog: Entries of the stream that were not consumed.
        dead_letters: Entries of the stream that were no events.
    """

    server_mb: float | None
    server_files: int | None
    loop_mb: float
    loop_files: int
    backlog: int
    dead_letters: int


@dataclass(frozen=True)
class DayRecord:
    """A day.

    Attributes:
        day: Its number; from 1 on a model may serve.
        date: Its date.
        planted: What befell it.
        versions: Version of the model -> lists that it gave; under 0 those that were no model's.
        quality: The truth about the lists, as the shop sums it up.
        earnings: Clicks on lists against what their users clicked before; None where there is
            nothing to compare with.
        retraining: What came of the evening's training; None where there was none.
        footprint: What the processes hold.
        seconds: How long the day took, its training included.
    """

    day: int
    date: str
    planted: tuple[str, ...]
    versions: dict[int, int]
    quality: dict[str, Any]
    earnings: Earnings | None
    retraining: Retraining | None
    footprint: Footprint
    seconds: float

    @property
    def score(self) -> float:
        """Expected clicks of the lists as a share of those of the best lists."""
        return share(self.quality, "expected")

    @property
    def own_page_score(self) -> float:
        """The same of the shop's own pages, which need no recommender."""
        return share(self.quality, "own_page")


def share(quality: dict[str, Any], of: str) -> float:
    """A sum of expected clicks over that of the best lists; NaN without a list."""
    best = float(quality["best"])
    return float(quality[of]) / best if best else float("nan")


def write_records(path: Path, plan: LoopPlan, records: list[DayRecord]) -> None:
    """Writes all days so far; the file is whole at any time."""
    content = {
        "plan": dataclasses.asdict(plan),
        "days": [
            {
                **dataclasses.asdict(record),
                "score": record.score,
                "own_page_score": record.own_page_score,
                "fell": record.earnings is not None and record.earnings.fell,
            }
            for record in records
        ],
    }
    replace_file(path, (json.dumps(content, indent=2) + "\n").encode())
