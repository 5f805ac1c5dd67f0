"""The stamp of an experiment, and the sentence below it."""

from __future__ import annotations

from components.experiments.comparison import FEWEST_USERS, Finding, Look
from components.experiments.result import Result
from components.report.numbers import number
from components.report.sections.checks import BAD, GOOD, UNKNOWN


def stamp(result: Result) -> tuple[str, str]:
    """Tone and word."""
    if not result.readable:
        return BAD, "NOT READABLE"
    found = result.findings
    better = [arm for arm, finding in found.items() if finding is Finding.BETTER]
    if better:
        return GOOD, f"BETTER: {', '.join(better)}"
    if found and all(finding is Finding.WORSE for finding in found.values()):
        return BAD, f"WORSE: {', '.join(found)}"
    return UNKNOWN, "OPEN"


def verdict(result: Result) -> str:
    """What may be concluded, in a sentence for each arm."""
    if not result.readable:
        return _why_not(result)
    if result.duel is not None:
        arm = result.design.arms[1][0]
        return _sentence(arm, result.duel.look, result, None)
    return " ".join(_sentence(one.arm, one.look, result, one.control) for one in result.comparisons)


def days_of(result: Result) -> str:
    """The days in which outcomes count."""
    days = result.design.outcome_days
    return "their first day" if days == 1 else f"their first {days} days"


def _why_not(result: Result) -> str:
    if result.ratio is not None and not result.ratio.holds:
        counts = " and ".join(f"{arm.users:,} {arm.arm}" for arm in result.arms)
        return (
            f"The arms have {counts} users, which their shares do not give by chance "
            f"(p = {number(result.ratio.chance)}). Users were lost or doubled on the way, and "
            "nothing is read before it is known where."
        )
    return (
        f"{result.torn:,} users were seen in several arms, though a user has one. Nothing is read "
        "before it is known why: did ids change, or the arms?"
    )


def _sentence(arm: str, look: Look | None, result: Result, control: float | None) -> str:
    outcome = result.design.outcome
    if look is None:
        return (
            f"Of {arm} nothing can be said yet: at least {FEWEST_USERS} users of each arm must be "
            f"through {days_of(result)}."
        )
    effect = (
        f"{100 * look.difference / control:+.2f} %" if control else f"{look.difference:+.3g} a user"
    )
    if look.finding is Finding.OPEN:
        return f"{arm} has shown no difference in {outcome} so far ({effect}); it may go on."
    more = "more" if look.finding is Finding.BETTER else "fewer"
    return f"{arm} brings {more} {outcome} than {result.design.arms[0][0]} ({effect})."
