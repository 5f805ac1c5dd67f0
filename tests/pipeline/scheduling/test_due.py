"""What is due, by a diary alone."""

import datetime

import pytest

from pipeline.scheduling.diary import Entry, What
from pipeline.scheduling.due import ATTEMPTS, Plan, is_given_up, next_due

DAY = 86400.0
FIRST, SECOND, THIRD = (datetime.date(2026, 3, day) for day in (1, 2, 3))
WEEKLY = Plan(every_s=7 * DAY, drift=None, catch_up=False, settle_s=0.0, retry_s=600.0)
FIRST_WEEK = [Entry(0.0, "2026-03-01", What.STARTED), Entry(9.0, "2026-03-01", What.PUSHED)]


def began(time, *ends, span=SECOND):
    return [Entry(time, str(span), what) for what in (What.STARTED, *ends)]


@pytest.mark.parametrize("ends", [[What.FAILED], [What.INTERRUPTED], []])
def test_a_run_that_produced_nothing_does_not_put_the_next_off(ends):
    entries = [*FIRST_WEEK, *began(5 * DAY, *ends)]
    assert next_due([FIRST, SECOND, THIRD], entries, WEEKLY, 6.9 * DAY) is None
    due = next_due([FIRST, SECOND, THIRD], entries, WEEKLY, 7 * DAY)
    assert (due.span, due.why) == (THIRD, "the time has come")


@pytest.mark.parametrize("end", [What.PUSHED, What.WITHHELD])
def test_a_run_that_ended_with_a_model_does(end):
    entries = [*FIRST_WEEK, *began(5 * DAY, end)]
    assert next_due([FIRST, SECOND, THIRD], entries, WEEKLY, 11.9 * DAY) is None
    assert next_due([FIRST, SECOND, THIRD], entries, WEEKLY, 12 * DAY).span == THIRD


def test_a_run_that_was_killed_is_not_tried_again_at_once():
    entries = [*FIRST_WEEK, *began(8 * DAY)]
    assert next_due([FIRST, SECOND], entries, WEEKLY, 8 * DAY + 599) is None
    due = next_due([FIRST, SECOND], entries, WEEKLY, 8 * DAY + 600)
    assert due.why == "again, since the run before was killed"


def test_one_that_was_refused_is_not_either_and_is_never_given_up():
    entries = [*FIRST_WEEK, *(entry for _ in range(9) for entry in began(8 * DAY, What.REFUSED))]
    assert not is_given_up(SECOND, entries)
    assert next_due([FIRST, SECOND], entries, WEEKLY, 8 * DAY + 599) is None
    due = next_due([FIRST, SECOND], entries, WEEKLY, 8 * DAY + 600)
    assert due.why == "again, since the run before ended as refused"


def test_one_that_was_told_to_end_is():
    entries = [*FIRST_WEEK, *began(8 * DAY, What.INTERRUPTED)]
    due = next_due([FIRST, SECOND], entries, WEEKLY, 8 * DAY + 1)
    assert due.why == "again, since the run before ended as interrupted"


@pytest.mark.parametrize(
    ("ends", "given_up"),
    [
        ([[], [], []], True),
        ([[What.FAILED], [], [What.FAILED]], True),
        ([[], [], [What.INTERRUPTED]], False),
        ([[], []], False),
    ],
)
def test_kills_and_failures_are_counted_until_a_span_is_given_up(ends, given_up):
    entries = [entry for end in ends for entry in began(8 * DAY, *end)]
    assert ATTEMPTS == 3
    assert is_given_up(SECOND, entries) == given_up
    assert (next_due([SECOND], entries, WEEKLY, 99 * DAY) is None) == given_up
