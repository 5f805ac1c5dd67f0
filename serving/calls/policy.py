"""How often, and how soon, a call may be tried again."""

from __future__ import annotations

import dataclasses
import random
import threading


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """When a call is tried again.

    Attributes:
        attempts: Attempts of one call at most, the first included; 1 never tries again.
        backoff_s: Upper bound of the wait before the second attempt, seconds; it doubles with each
            further one. The wait is drawn evenly below it, so that clients do not come together.
        max_backoff_s: Where the doubling ends.
        hedge_after_s: A second attempt starts beside the first when that has brought no answer
            after so long; the first answer wins and the other attempt is cancelled. The 95th
            percentile of the latency is a good choice. None: no hedging.
        budget_ratio: Retries and hedges per call in the long run, so that they cannot multiply the
            load on a server that is in trouble.
        budget_burst: Retries and hedges that a client may make beyond that in a row.

    Raises:
        ValueError: A number out of range.
    """

    attempts: int = 3
    backoff_s: float = 0.05
    max_backoff_s: float = 1.0
    hedge_after_s: float | None = None
    budget_ratio: float = 0.1
    budget_burst: int = 10

    def __post_init__(self) -> None:
        hedge = 0.0 if self.hedge_after_s is None else self.hedge_after_s
        times = (self.backoff_s, self.max_backoff_s, hedge, self.budget_ratio)
        if self.attempts < 1 or self.budget_burst < 0 or min(times) < 0:
            raise ValueError(
                f"a retry policy needs at least one attempt and no negative number, received {self}"
            )

    def wait_s(self, attempts: int, draw: float) -> float:
        """Seconds before the next attempt.

        Args:
            attempts: Attempts made so far.
            draw: A uniform number in [0, 1).
        """
        # The exponent has an end, or many attempts would make an infinite float.
        return draw * min(self.max_backoff_s, self.backoff_s * 2.0 ** min(attempts - 1, 60))


class RetryBudget:
    """The retries that a client has left. Safe to share between threads.

    Each call earns a share of a retry, each retry or hedge costs one.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._ratio = policy.budget_ratio
        self._most = float(policy.budget_burst)
        self._left = self._most
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call begins."""
        with self._lock:
            self._left = min(self._most, self._left + self._ratio)

    def spend(self) -> bool:
        """Takes a retry; False where none is left."""
        with self._lock:
            if self._left < 1.0:
                return False
            self._left -= 1.0
            return True


def draw() -> float:
    """A uniform number in [0, 1), as `RetryPolicy.wait_s` takes it."""
    return random.random()  # noqa: S311  # it spreads waits, and guards nothing
