"""The attempts of one call, without any input or output: what to do next, given what happened.

Both clients drive it, the blocking one and that of asyncio.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import grpc

from serving.calls.errors import Failure
from serving.calls.policy import RetryBudget, RetryPolicy, draw


class Begin(NamedTuple):
    """Begin an attempt.

    Attributes:
        timeout_s: Its deadline from now.
        alone: Nothing else happens until it ends: there is no attempt beside it and will be none.
    """

    timeout_s: float
    alone: bool


class Wait(NamedTuple):
    """Wait for an attempt to end, at most so long; None: until one does."""

    seconds: float | None


class Over(NamedTuple):
    """There will be no answer."""

    failure: Failure


class Attempts:
    """Decides about the attempts of one call.

    Args:
        policy: When to try again.
        budget: The client's.
        deadline: When the caller stops waiting; on the clock of `now`, as all moments here.
        now: The moment.
        chance: Gives uniform numbers in [0, 1).
    """

    def __init__(
        self,
        policy: RetryPolicy,
        budget: RetryBudget,
        deadline: float,
        now: float,
        chance: Callable[[], float] = draw,
    ) -> None:
        self._policy = policy
        self._budget = budget
        self._deadline = deadline
        self._chance = chance
        self._begin_at: float | None = now
        self._made = self._running = 0
        self._judged = False
        self._failure = Failure(grpc.StatusCode.DEADLINE_EXCEEDED, "no time was left for the call")
        budget.earn()

    def next(self, now: float) -> Begin | Wait | Over:
        """What to do at this moment."""
        if self._begin_at is not None and now >= self._begin_at:
            self._begin_at = None
            if not self._running or self._budget.spend():
                return self._begin(now)
        if not self._running and self._begin_at is None:
            return Over(self._failure)
        return Wait(None if self._begin_at is None else self._begin_at - now)

    def failed(self, failure: Failure, now: float) -> None:
        """An attempt ended without an answer."""
        if self._judged:
            return
        self._running -= 1
        self._failure = failure
        self._judged = failure.verdict
        if self._running and not self._judged:
            return  # the other attempt may still bring the answer
        self._running, self._begin_at = 0, None
        if failure.retryable and self._made < self._policy.attempts:
            wait = failure.pushback_s
            if wait is None:
                wait = self._policy.wait_s(self._made, self._chance())
            if now + wait < self._deadline and self._budget.spend():
                self._begin_at = now + wait

    def _begin(self, now: float) -> Begin | Over:
        if now >= self._deadline:
            return Over(self._failure)
        hedge, first = self._policy.hedge_after_s, self._made == 0
        self._made += 1
        self._running += 1
        if hedge is not None and first and self._policy.attempts > 1:
            self._begin_at = now + hedge
        return Begin(self._deadline - now, alone=self._running == 1 and self._begin_at is None)
