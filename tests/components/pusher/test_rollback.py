"""Where a rollback goes, what it publishes, and what it refuses."""

import pytest

from components.pusher import labels, manifest
from components.pusher.destination import versions
from components.pusher.errors import PublishError
from components.pusher.labels import Rollout
from components.pusher.promotion import withdraw
from components.pusher.rollback import roll_back

NOW = 1_700_000_000


@pytest.fixture
def served(push):
    """Three versions, the last one bad."""
    return [push(content, now=NOW + i).path for i, content in enumerate((b"a", b"b", b"bad"))]


def _content(path):
    return (path / "saved_model.pb").read_bytes()


def test_the_version_before_is_published_again_under_a_higher_number(served, destination):
    done = roll_back(destination, to=None, now=NOW + 60)
    assert (done.before, done.target, done.published.version) == (NOW + 2, NOW + 1, NOW + 60)
    assert _content(done.published.path) == b"b"
    assert manifest.is_intact(done.published.path)
    assert manifest.read(done.published.path).copy_of == NOW + 1
    assert versions(destination) == [NOW, NOW + 1, NOW + 2, NOW + 60]
    assert labels.read(destination) == {"canary": NOW + 60, "stable": NOW + 60}


def test_once_more_goes_one_version_further_not_back_to_the_bad_one(served, destination):
    roll_back(destination, to=None, now=NOW + 60)
    done = roll_back(destination, to=None, now=NOW + 61)
    assert (done.before, done.target, done.published.version) == (NOW + 60, NOW, NOW + 61)
    with pytest.raises(PublishError, match=rf"intact version older than {NOW} "):
        roll_back(destination, to=None, now=NOW + 62)


def test_a_rollback_that_nobody_was_told_of_is_told_of_first(served, destination):
    def lost(done):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        roll_back(destination, to=None, now=NOW + 60, report=lost)
    told = []
    done = roll_back(destination, to=None, now=NOW + 61, report=told.append)
    assert told == [done]
    assert (done.before, done.target, done.published.version) == (NOW + 2, NOW + 1, NOW + 60)
    assert roll_back(destination, to=None, now=NOW + 62).target == NOW


def test_a_clock_that_stands_still_gives_a_higher_number_all_the_same(served, destination):
    assert roll_back(destination, to=None, now=NOW).published.version == NOW + 3


def test_a_named_version(served, destination):
    done = roll_back(destination, to=NOW, now=NOW + 60)
    assert (done.target, _content(done.published.path)) == (NOW, b"a")


def test_the_same_named_version_again_changes_nothing(served, destination):
    first = roll_back(destination, to=NOW, now=NOW + 60)
    again = roll_back(destination, to=NOW, now=NOW + 61)
    assert again.published == first.published
    assert versions(destination)[-1] == NOW + 60


def test_the_version_that_was_left_can_be_brought_back(served, destination):
    roll_back(destination, to=None, now=NOW + 60)
    done = roll_back(destination, to=NOW + 2, now=NOW + 61)
    assert (done.target, _content(done.published.path)) == (NOW + 2, b"bad")


def test_a_damaged_version_is_passed_over(served, destination):
    (served[1] / "saved_model.pb").write_bytes(b"rotten")
    assert roll_back(destination, to=None, now=NOW + 60).target == NOW


@pytest.mark.parametrize("damage", ["changed", "added", "manifest"])
def test_a_damaged_version_is_refused_when_it_is_named(served, destination, damage):
    if damage == "manifest":
        (served[1] / manifest.MANIFEST_FILE).write_text("{")
    else:
        name = "saved_model.pb" if damage == "changed" else "more"
        (served[1] / name).write_bytes(b"rotten")
    with pytest.raises(PublishError, match=rf"version {NOW + 1}, which is not what its manifest"):
        roll_back(destination, to=NOW + 1, now=NOW + 60)
    assert versions(destination) == [NOW, NOW + 1, NOW + 2]
    assert labels.read(destination) == {"canary": NOW + 2, "stable": NOW + 2}


def test_a_version_that_is_not_there_is_refused(served, destination):
    with pytest.raises(PublishError, match="Received: version 7, which is not there"):
        roll_back(destination, to=7, now=NOW + 60)


def test_the_served_version_is_refused(served, destination):
    with pytest.raises(PublishError, match=rf"version {NOW + 2}, which is served"):
        roll_back(destination, to=NOW + 2, now=NOW + 60)


def test_from_a_damaged_version_one_may_go_back_to_an_equal_one(push, served, destination):
    newest = push(b"a", now=NOW + 3, keep=4).path  # the bytes of the first version once more
    (newest / "saved_model.pb").write_bytes(b"rotten")
    done = roll_back(destination, to=NOW, now=NOW + 60)
    assert _content(done.published.path) == b"a"


def test_half_a_version_above_the_served_one_is_not_what_is_left(served, destination):
    (destination / str(NOW + 5)).mkdir()
    done = roll_back(destination, to=None, now=NOW)
    assert (done.before, done.published.version) == (NOW + 2, NOW + 6)


def test_a_bad_canary_gives_way_to_what_is_stable(push, served, destination):
    push(b"worse", now=NOW + 3, rollout=Rollout.CANARY)
    done = roll_back(destination, to=None, now=NOW + 60)
    assert done.target == NOW + 2
    assert labels.read(destination) == {"canary": NOW + 60, "stable": NOW + 60}


@pytest.fixture
def withdrawn(push, destination):
    """The second version is served, and the third was on trial in vain."""
    push(b"a", now=NOW)
    push(b"b", now=NOW + 1)
    push(b"tried", now=NOW + 2, rollout=Rollout.CANARY)
    withdraw(destination, NOW + 2)


def test_a_withdrawn_version_is_not_what_is_left(withdrawn, destination):
    done = roll_back(destination, to=None, now=NOW + 60)
    assert (done.before, done.target) == (NOW + 1, NOW)
    assert _content(done.published.path) == b"a"


def test_a_withdrawn_version_can_be_brought_back(withdrawn, destination):
    done = roll_back(destination, to=NOW + 2, now=NOW + 60)
    assert (done.before, done.target) == (NOW + 1, NOW + 2)
    assert labels.read(destination) == {"canary": NOW + 60, "stable": NOW + 60}


def test_what_is_served_beside_a_withdrawn_version_is_refused(withdrawn, destination):
    with pytest.raises(PublishError, match=rf"version {NOW + 1}, which is served"):
        roll_back(destination, to=NOW + 1, now=NOW + 60)


def test_nothing_published_yet(destination):
    with pytest.raises(PublishError, match="There must be a published version"):
        roll_back(destination, to=None, now=NOW)
