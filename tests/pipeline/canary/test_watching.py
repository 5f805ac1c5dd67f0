"""What a watch concludes, on a clock of its own."""

import pytest

from pipeline.canary import watching
from pipeline.canary.pages import Counts
from pipeline.canary.watching import Ending, watch
from pipeline.deployment.settings import Canary


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Arm:
    """An arm with requests at a rate, a share of which fail; no page in some seconds."""

    def __init__(self, clock, rate, failing=0.0, slow=0.0, gone=()):
        self._clock, self._rate, self._gone = clock, rate, gone
        self._failing, self._slow = failing, slow

    def read(self):
        if self._clock.now in self._gone:
            raise OSError("connection refused")
        requests = self._rate * self._clock.now
        failed = requests * self._failing
        return Counts(requests, failed, requests - failed, requests * self._slow)


@pytest.fixture
def clock(monkeypatch):
    own = Clock()
    monkeypatch.setattr(watching, "time", own)
    return own


def watched(canary, stable, rules, every_s=1.0):
    return watch(canary, stable, rules, every_s=every_s, on_trial=lambda: True)


def test_a_version_that_dies_just_before_the_end_does_not_pass(clock):
    rules = Canary(seconds=60, answers=200)
    came = watched(Arm(clock, 10, gone=range(57, 1_000)), Arm(clock, 10), rules)
    assert (came.ending, came.seconds) == (Ending.WORSE, 67.0)
    assert came.reason == "its metrics cannot be read: connection refused"


def test_one_lost_look_withdraws_nothing_however_rare_looks_are(clock):
    rules = Canary(seconds=60, answers=200)
    came = watched(Arm(clock, 10, gone=[15]), Arm(clock, 10), rules, every_s=15.0)
    assert came.ending is Ending.PASSED
    came = watched(Arm(clock, 10, gone=[75, 90]), Arm(clock, 10), rules, every_s=15.0)
    assert came.ending is Ending.WORSE


def test_a_page_that_comes_back_after_the_end_is_judged(clock):
    rules = Canary(seconds=60, answers=200)
    came = watched(Arm(clock, 10, gone=range(57, 64)), Arm(clock, 10), rules)
    assert (came.ending, came.seconds) == (Ending.PASSED, 64.0)


@pytest.mark.parametrize(
    ("arm", "reason"),
    [
        ({"failing": 0.05}, "5.0% of its requests failed, against 0.0% of stable's and 1.0%"),
        ({"slow": 0.1}, "10.0% of its answers were slow, against 0.0% of stable's and 5.0%"),
    ],
)
def test_what_seems_worse_and_is_not_proven_does_not_pass(clock, arm, reason):
    rules = Canary(seconds=250, answers=200)
    came = watched(Arm(clock, 1, **arm), Arm(clock, 1), rules)
    assert came.ending is Ending.UNDECIDED
    assert came.reason.startswith(reason)
    assert came.reason.endswith("; it may be chance, and a longer trial tells")


def test_what_is_allowed_passes(clock):
    rules = Canary(seconds=250, answers=200)
    came = watched(Arm(clock, 1, failing=0.009, slow=0.04), Arm(clock, 1), rules)
    assert (came.ending, came.reason) == (Ending.PASSED, "it did no worse than stable")


def test_frequent_looks_do_not_hide_a_version_that_fails_every_tenth_call(clock):
    came = watched(Arm(clock, 1, failing=0.1), Arm(clock, 2), Canary(seconds=300, answers=200))
    assert came.ending is Ending.WORSE
    assert came.reason.startswith("10.0% of its requests failed")
