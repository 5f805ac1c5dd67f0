"""Watching a version that is tried out until it is withdrawn or has passed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pipeline.canary.judging import found_worse
from pipeline.canary.pages import ArmReader, Counts
from pipeline.deployment.settings import Canary

logger = logging.getLogger(__name__)

# A version that nobody can watch is not kept on trial.
BLIND_SECONDS = 10.0


class Ending(StrEnum):
    """How a trial ended.

    Attributes:
        WORSE: The version does worse than stable, or cannot be watched.
        PASSED: It was watched for the whole time and did not.
        UNDECIDED: It, or stable, had too few requests to compare.
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
    began = seen = time.monotonic()
    counts, look = (Counts(), Counts()), 0

    def ended(ending: Ending, reason: str) -> Trial:
        return Trial(ending, reason, *counts, time.monotonic() - began)

    while True:
        if not on_trial():
            return ended(Ending.MOVED, "the labels moved meanwhile")
        try:
            counts, seen = (canary.read(), stable.read()), time.monotonic()
        except OSError as error:
            logger.warning("a metrics page cannot be read: %s", error)
            if time.monotonic() - seen > BLIND_SECONDS:
                return ended(Ending.WORSE, f"its metrics cannot be read: {error}")
            # What nobody sees is not judged: the time may be over because the version died.
            time.sleep(every_s)
            continue
        look += 1
        if (evidence := found_worse(*counts, rules, look)) is not None:
            return ended(Ending.WORSE, str(evidence))
        if time.monotonic() - began >= rules.seconds:
            if min(one.answers for one in counts) >= rules.answers:
                return ended(Ending.PASSED, "it did no worse than stable")
            few = " and ".join(f"{one.answers:.0f}" for one in counts)
            return ended(
                Ending.UNDECIDED,
                f"{few} answers of canary and stable; {rules.answers} of each are needed",
            )
        time.sleep(every_s)
