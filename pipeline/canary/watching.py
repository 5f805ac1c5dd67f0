"""Watching a version that is tried out until it is withdrawn or has passed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pipeline.canary.judging import Judge, seems_worse
from pipeline.canary.pages import ArmReader, Counts
from pipeline.deployment.settings import Canary

logger = logging.getLogger(__name__)

# A version that nobody can watch is not kept on trial.
BLIND_SECONDS = 10.0


class Ending(StrEnum):
    """How a trial ended.

    Attributes:
        WORSE: The version does worse than stable, or cannot be watched.
        PASSED: It was watched for the whole time and did no worse than is allowed.
        UNDECIDED: It, or stable, had too few requests to compare, or it did worse and that may be
            chance.
        MOVED: It is not on trial any more: the labels moved.
    """

    WORSE = "worse"
    PASSED = "passed"
    UNDECIDED = "undecided"
    MOVED = "moved"


@dataclass(frozen=True)
class Trial:
    """What came of a trial.

    Attributes:
        ending: How it ended.
        reason: Why, in words.
        canary: Counts of the version.
        stable: Counts of the other.
        seconds: How long it was watched.
    """

    ending: Ending
    reason: str
    canary: Counts
    stable: Counts
    seconds: float


def watch(
    canary: ArmReader,
    stable: ArmReader,
    rules: Canary,
    *,
    every_s: float,
    on_trial: Callable[[], bool],
) -> Trial:
    """Looks at both arms until the trial ends.

    Args:
        canary: Reads the version that is tried out.
        stable: Reads the other.
        rules: How long, and what is allowed.
        every_s: Between two looks, seconds.
        on_trial: Whether the labels still are as they were.
    """
    began = time.monotonic()
    blind_since: float | None = None
    counts, judge = (Counts(), Counts()), Judge(rules)

    def ended(ending: Ending, reason: str) -> Trial:
        return Trial(ending, reason, *counts, time.monotonic() - began)

    while True:
        if not on_trial():
            return ended(Ending.MOVED, "the labels moved meanwhile")
        try:
            counts, blind_since = (canary.read(), stable.read()), None
        except OSError as error:
            logger.warning("a metrics page cannot be read: %s", error)
            # From the first failed look on, however rarely it looks: one alone proves nothing.
            blind_since = time.monotonic() if blind_since is None else blind_since
            if time.monotonic() - blind_since >= BLIND_SECONDS:
                return ended(Ending.WORSE, f"its metrics cannot be read: {error}")
            # What nobody sees is not judged: the time may be over because the version died.
            time.sleep(every_s)
            continue
        over = time.monotonic() - began >= rules.seconds
        if (evidence := judge.judge(*counts, last=over)) is not None:
            return ended(Ending.WORSE, str(evidence))
        if over:
            return ended(*_when_time_is_up(*counts, rules))
        time.sleep(every_s)


def _when_time_is_up(canary: Counts, stable: Counts, rules: Canary) -> tuple[Ending, str]:
    """How a trial ends of a version that is not proven to be worse."""
    if min(canary.answers, stable.answers) < rules.answers:
        return Ending.UNDECIDED, (
            f"{canary.answers:.0f} and {stable.answers:.0f} answers of canary and stable; "
            f"{rules.answers} of each are needed"
        )
    if (evidence := seems_worse(canary, stable, rules)) is not None:
        return Ending.UNDECIDED, f"{evidence}; it may be chance, and a longer trial tells"
    return Ending.PASSED, "it did no worse than stable"
