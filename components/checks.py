"""A check: one bound, one measured value, one sentence. Every gate speaks in these."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

from transform.settings import Frozen


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

    def check(self, value: float | None, *, subject: str = "") -> Check:
        """Holds a measured value against the bound; a missing or NaN value fails."""
        missing = value is None or math.isnan(value)
        passed = not missing and not (
            (self.lower is not None and value < self.lower)  # type: ignore[operator]
            or (self.upper is not None and value > self.upper)  # type: ignore[operator]
        )
        return Check(
            name=f"{subject} {self.name}".strip(),
            value=None if missing else value,
            lower=self.lower,
            upper=self.upper,
            passed=passed,
            why=self.why,
        )


class Check(Frozen):
    """A bound held against a value."""

    name: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    passed: bool
    why: str = ""

    @property
    def sentence(self) -> str:
        """The check in one sentence: measured, bound, pass or fail, why."""
        measured = "was not measured" if self.value is None else f"is {self.value:.4g}"
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
        return f"{verdict}: {self.name} {measured}; it must be {bound}{reason}."


def write_checks(path: str | Path, checks: Iterable[Check]) -> None:
    """Writes checks as JSON."""
    rows = [{**check.model_dump(), "sentence": check.sentence} for check in checks]
    Path(path).write_text(json.dumps(rows, indent=2) + "\n")


def read_checks(path: str | Path) -> list[Check]:
    """Reads what `write_checks` wrote."""
    rows = json.loads(Path(path).read_text())
    return [Check(**{k: v for k, v in row.items() if k != "sentence"}) for row in rows]
