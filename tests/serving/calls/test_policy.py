"""When a call may be tried again."""

import threading

import pytest

from serving.calls.policy import RetryBudget, RetryPolicy, draw


def test_waits_double_up_to_a_bound_and_are_drawn_below_it():
    policy = RetryPolicy(backoff_s=0.1, max_backoff_s=0.5)
    assert [policy.wait_s(made, 1.0) for made in (1, 2, 3, 4, 10_000)] == [0.1, 0.2, 0.4, 0.5, 0.5]
    assert policy.wait_s(3, 0.25) == pytest.approx(0.1)
    draws = [draw() for _ in range(200)]
    assert 0 <= min(draws) < 0.2 < 0.8 < max(draws) < 1


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"backoff_s": -1}, {"hedge_after_s": -0.1}, {"budget_burst": -1}]
)
def test_a_policy_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match=f"received .*{next(iter(wrong))}=-?[01]"):
        RetryPolicy(**wrong)


def test_a_budget_holds_a_burst_and_is_earned_again():
    budget = RetryBudget(RetryPolicy(budget_ratio=0.25, budget_burst=2))
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    for _ in range(3):
        budget.earn()
        assert not budget.spend()
    budget.earn()
    assert [budget.spend() for _ in range(2)] == [True, False]
    for _ in range(1000):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_threads_share_a_budget_exactly():
    budget = RetryBudget(RetryPolicy(budget_burst=500))
    spent = []
    work = lambda: spent.append(sum(budget.spend() for _ in range(400)))  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(spent) == 500
