"""Conversations of which each step takes its time."""

from __future__ import annotations

import time

import pytest

from serving.calls.errors import ServingError
from serving.flows import Call, Look, end_of, hurried, run


def conversation():
    first = yield Call("method", "question")
    kept = yield Look(lambda: 7)
    try:
        yield Call("method", "another")
    except ServingError:
        return first, kept, "gone"


def test_a_hurried_conversation_is_the_same_but_for_the_time_of_its_calls():
    shares = []

    def do(step):
        if isinstance(step, Look):
            return step.function()
        shares.append(step.share)
        if step.request == "another":
            raise ServingError("UNAVAILABLE", "gone")
        return "answer"

    assert run(hurried(conversation(), 0.5), do) == ("answer", 7, "gone")
    assert run(conversation(), do) == ("answer", 7, "gone")
    assert shares == [0.5, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_call_ends_within_its_share_of_the_time_that_is_left(share):
    now = time.monotonic()
    ends = end_of(Call("method", "question", share), now + 60.0)
    assert ends - now == pytest.approx(60.0 * share, abs=5.0)
