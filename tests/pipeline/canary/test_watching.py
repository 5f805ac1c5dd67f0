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


def watched(canary, stable, rules):
    return watch(canary, stable, rules, every_s=1.0, on_trial=lambda: True)


def test_a_version_that_dies_just_before_the_end_does_not_pass(clock):
    rules = Canary(seconds=60, answers=200)
    came = watched(Arm(clock, 10, gone=range(57, 1_000)), Arm(clock, 10), rules)
    assert (came.ending, came.seconds) == (Ending.WORSE, 67.0)
    assert came.reason == "its metrics cannot be read: connection refused"


def test_a_page_that_comes_back_after_the_end_is_judged(clock):
    rules = Canary(seconds=60, answers=200)
    came = watched(Arm(clock, 10, gone=range(57, 64)), Arm(clock, 10), rules)
    assert (came.ending, came.seconds) == (Ending.PASSED, 64.0)
