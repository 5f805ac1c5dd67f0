"""What is tried next, moment by moment."""

import grpc
import pytest

from serving.calls.attempts import Attempts, Begin, Over, Wait
from serving.calls.errors import Failure
from serving.calls.policy import RetryBudget, RetryPolicy

GONE = Failure(grpc.StatusCode.UNAVAILABLE, "gone")
BUSY = Failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy")
WRONG = Failure(grpc.StatusCode.INVALID_ARGUMENT, "wrong")
NEVER = float("inf")


def attempts(deadline=10.0, budget=None, **policy):
    policy = RetryPolicy(backoff_s=1.0, max_backoff_s=4.0, **policy)
    return Attempts(policy, budget or RetryBudget(policy), deadline, 0.0, lambda: 0.5)


def test_a_call_that_is_gone_is_tried_again_until_the_attempts_are_used_up():
    call = attempts()
    assert call.next(0.0) == Begin(10.0, alone=True)
    call.failed(GONE, 1.0)
    assert call.next(1.0) == Wait(0.5)
    assert call.next(1.5) == Begin(8.5, alone=True)
    call.failed(GONE, 2.0)
    assert call.next(2.0) == Wait(1.0)
    assert call.next(3.0) == Begin(7.0, alone=True)
    call.failed(GONE, 3.0)
    assert call.next(3.0) == Over(GONE)


@pytest.mark.parametrize(
    ("failure", "next_at"),
    [
        (GONE, 0.5),
        (GONE._replace(pushback_s=3.0), 3.0),
        (GONE._replace(pushback_s=NEVER), None),
        (WRONG, None),
        (BUSY, None),
        (BUSY._replace(pushback_s=0.25), 0.25),
        (BUSY._replace(pushback_s=NEVER), None),
        (Failure(grpc.StatusCode.DEADLINE_EXCEEDED, "late"), None),
        (Failure(grpc.StatusCode.INTERNAL, "bug"), None),
        (WRONG._replace(pushback_s=0.1), None),
        (GONE._replace(pushback_s=11.0), None),  # after the deadline
    ],
)
def test_only_what_may_help_and_harms_nobody_is_tried_again(failure, next_at):
    call = attempts()
    call.next(0.0)
    call.failed(failure, 0.0)
    assert call.next(0.0) == (Over(failure) if next_at is None else Wait(next_at))


def test_retries_end_with_the_budget():
    policy = RetryPolicy(budget_burst=1, budget_ratio=0.0)
    budget = RetryBudget(policy)
    call = attempts(budget=budget)
    call.next(0.0)
    call.failed(GONE, 0.0)
    assert isinstance(call.next(0.0), Wait)
    other = attempts(budget=budget)
    other.next(0.0)
    other.failed(GONE, 0.0)
    assert other.next(0.0) == Over(GONE)


def test_a_hedge_begins_beside_a_slow_attempt_once():
    call = attempts(hedge_after_s=2.0)
    assert call.next(0.0) == Begin(10.0, alone=False)
    assert call.next(0.0) == Wait(2.0)
    assert call.next(2.0) == Begin(8.0, alone=False)
    assert call.next(2.0) == Wait(None)
    call.failed(GONE, 3.0)
    assert call.next(3.0) == Wait(None)  # the other may still answer
    call.failed(GONE, 4.0)
    assert call.next(4.0) == Wait(1.0)
    assert call.next(5.0) == Begin(5.0, alone=True)


def test_a_hedge_needs_budget():
    policy = RetryPolicy(budget_burst=0)
    call = attempts(budget=RetryBudget(policy), hedge_after_s=2.0)
    call.next(0.0)
    assert call.next(2.0) == Wait(None)


def test_a_first_attempt_that_fails_early_is_tried_again_without_a_hedge():
    call = attempts(hedge_after_s=2.0)
    call.next(0.0)
    call.failed(GONE, 0.1)
    assert call.next(0.1) == Wait(pytest.approx(0.5))
    assert call.next(0.6) == Begin(pytest.approx(9.4), alone=True)


def test_a_hedge_that_meets_a_busy_server_leaves_the_first_attempt_its_chance():
    call = attempts(hedge_after_s=2.0)
    call.next(0.0)
    call.next(2.0)
    call.failed(BUSY, 3.0)
    assert call.next(3.0) == Wait(None)
    call.failed(BUSY, 4.0)
    assert call.next(4.0) == Over(BUSY)


def test_a_refusal_of_either_attempt_ends_the_call():
    call = attempts(hedge_after_s=2.0)
    call.next(0.0)
    call.next(2.0)
    call.failed(WRONG, 3.0)
    assert call.next(3.0) == Over(WRONG)
    call.failed(GONE, 3.0)
    assert call.next(3.0) == Over(WRONG)


def test_without_time_nothing_begins():
    over = attempts(deadline=0.0).next(0.0)
    assert over.failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
