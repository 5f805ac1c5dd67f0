"""The three gates with their checks: measured, bound, pass or fail, why."""

from __future__ import annotations

from dataclasses import dataclass

from components.checks import Check
from components.report.facts import Facts, Gate, is_note
from components.report.wording import bound, check_name, measured, noise, statement

TITLES = {
    "data": "Data: may this log train a model?",
    "verdict": "Model: is it good enough to be shown?",
    "serving": "Serving: does a real server answer as the model was trained?",
}
_MANY = 20  # passed checks beyond this are folded

GOOD, BAD, UNKNOWN = "good", "bad", "unknown"
SIGNS = {GOOD: "✓", BAD: "✕", UNKNOWN: "–"}
_WORDS = {GOOD: "Pass", BAD: "Fail", UNKNOWN: "Note"}


@dataclass(frozen=True)
class CheckRow:
    """One line of a gate's table."""

    tone: str
    word: str
    name: str
    measured: str
    noise: str
    bound: str
    why: str
    sentence: str

    @property
    def sign(self) -> str:
        """The result as a sign, for readers without colour."""
        return SIGNS[self.tone]


@dataclass(frozen=True)
class GateView:
    """One gate."""

    title: str
    tone: str
    measured: bool
    count: str
    open: bool
    rows: tuple[CheckRow, ...]
    folded: tuple[CheckRow, ...]

    @property
    def sign(self) -> str:
        """The result as a sign, for readers without colour."""
        return SIGNS[self.tone]


def gates(facts: Facts) -> list[GateView]:
    """All three gates in the order of a run; failed checks come first, notes last."""
    return [_gate(facts.gate(name), title) for name, title in TITLES.items()]


def _gate(gate: Gate, title: str) -> GateView:
    failed, total = len(gate.failed), len(gate.held)
    if not gate.measured:
        tone, count = UNKNOWN, "not measured in this run"
    elif failed:
        tone, count = BAD, f"{failed} of {total} checks failed"
    else:
        tone, count = GOOD, f"{total} of {total} checks passed"
    rows = tuple(_row(check) for check in sorted(gate.checks, key=_order))
    # Beside failed checks, many passed ones would only hide what is wrong.
    shown = failed if failed and total - failed > _MANY else len(rows)
    return GateView(
        title=title,
        tone=tone,
        measured=gate.measured,
        count=count,
        open=bool(failed) or total <= _MANY,
        rows=rows[:shown],
        folded=rows[shown:],
    )


def _aside(check: Check) -> str:
    """How sure the value is; of what is only reported or not measured, all that is known."""
    more = check.note if is_note(check) or check.value is None else ""
    return "; ".join(filter(None, (noise(check), more)))


def _order(check: Check) -> int:
    """Failed checks first, notes last."""
    return 2 if is_note(check) else int(check.passed)


def _row(check: Check) -> CheckRow:
    tone = UNKNOWN if is_note(check) else GOOD if check.passed else BAD
    return CheckRow(
        tone=tone,
        word=_WORDS[tone],
        name=check_name(check.name),
        measured=measured(check),
        noise=_aside(check),
        bound=bound(check),
        why=check.why,
        sentence=statement(check),
    )
