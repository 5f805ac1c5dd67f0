"""A check: one bound, one measured value, one sentence. Every gate speaks in these."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

from transform.settings import Frozen

# Lower and upper end.
Interval = tuple[float, float]


class Bound(Frozen):
    """What a measured value must satisfy; both ends are inclusive.

    Attributes:
        name: The metric's name, for example `ndcg_at_10`.
        lower: Smallest value that passes.
        upper: Largest value that passes.
        why: What a value outside says about the model, in words an analyst can use.
    """

    name: str
    lower: float | None = None
    upper: float | None = None
    why: str = ""

    def check(
        self, value: float | None, *, subject: str = "", interval: Interval | None = None
    ) -> Check:
        """Holds a measured value against the bound; a missing or NaN value fails.

        Args:
            value: What was measured.
            subject: What it was measured on.
            interval: Where the value lies with 95 % confidence. With it, only what is outside
                beyond noise fails: the whole interval must lie outside.
        """
        ends = (value,) if interval is None else interval
        missing = value is None or any(end is None or math.isnan(end) for end in ends)
        passed = not missing and not (
            (self.lower is not None and ends[-1] < self.lower)  # type: ignore[operator]
            or (self.upper is not None and ends[0] > self.upper)  # type: ignore[operator]
        )
        return Check(
            name=f"{subject} {self.name}".strip(),
            value=None if missing else value,
            lower=self.lower,
            upper=self.upper,
            passed=passed,
            why=self.why,
            interval=None if missing else interval,
        )


class Check(Frozen):
    """A bound held against a value.

    Attributes:
        name: What was measured, and on what.
        value: The value; None where it was not measured.
        lower: Smallest value that passes.
        upper: Largest value that passes.
        passed: Whether it passed.
        why: What a failure says.
        interval: Where the value lies with 95 % confidence; None where nothing is said of noise.
        note: What else the decision rests on.
    """

    name: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    passed: bool
    why: str = ""
    interval: Interval | None = None
    note: str = ""

    @property
    def sentence(self) -> str:
        """The check in one sentence: measured, interval, bound, pass or fail, why."""
        measured = "was not measured" if self.value is None else f"is {self.value:.4g}"
        noise = "" if self.interval is None else "95 % interval {:.4g} to {:.4g}"
        details = "; ".join(filter(None, (noise.format(*(self.interval or ())), self.note)))
        bounds = [
            text
            for text in (
                None if self.lower is None else f"at least {self.lower:.4g}",
                None if self.upper is None else f"at most {self.upper:.4g}",
            )
            if text
        ]
        verdict = "pass" if self.passed else "FAIL"
        reason = f" ({self.why})" if self.why and not self.passed else ""
        bound = " and ".join(bounds) or "free"
        aside = f" ({details})" if details else ""
        margin = "" if self.interval is None else ", noise allowed for"
        return f"{verdict}: {self.name} {measured}{aside}; it must be {bound}{margin}{reason}."


def write_checks(path: str | Path, checks: Iterable[Check]) -> None:
    """Writes checks as JSON."""
    rows = [{**check.model_dump(), "sentence": check.sentence} for check in checks]
    Path(path).write_text(json.dumps(rows, indent=2) + "\n")


def read_checks(path: str | Path) -> list[Check]:
    """Reads what `write_checks` wrote."""
    rows = json.loads(Path(path).read_text())
    return [Check(**{k: v for k, v in row.items() if k != "sentence"}) for row in rows]
