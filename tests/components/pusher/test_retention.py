"""Which versions go, and which never do."""

import pytest

from components.pusher import labels
from components.pusher.destination import versions
from components.pusher.labels import Label, Rollout
from components.pusher.retention import retire
from components.pusher.rollback import roll_back

NOW = 1_700_000_000


def test_the_newest_versions_stay(push, destination):
    for i in range(5):
        push(b"%d" % i, now=NOW + i, keep=3)
    assert versions(destination) == [NOW + 2, NOW + 3, NOW + 4]
    assert not [path.name for path in destination.iterdir() if path.name.startswith(".retired")]


@pytest.mark.parametrize("label", list(Label))
def test_a_version_with_a_label_stays_until_the_label_has_moved(push, destination, label):
    for i in range(5):
        push(b"%d" % i, now=NOW + i, keep=5)
    labels.move(destination, label, NOW)
    retire(destination, keep=1)
    assert versions(destination) == [NOW, NOW + 4]
    labels.move(destination, label, NOW + 4)
    retire(destination, keep=1)
    assert versions(destination) == [NOW + 4]


def test_stable_outlives_many_canaries(push, destination):
    push(b"0", now=NOW, rollout=Rollout.CANARY)
    for i in range(1, 6):
        push(b"%d" % i, now=NOW + i, keep=2, rollout=Rollout.CANARY)
    assert versions(destination) == [NOW, NOW + 4, NOW + 5]
    assert labels.read(destination) == {"canary": NOW + 5, "stable": NOW}


def test_the_last_version_that_the_gates_blessed_outlives_rollbacks(push, destination):
    for i in range(3):
        push(b"%d" % i, now=NOW + i)
    roll_back(destination, to=NOW, now=NOW + 3)
    roll_back(destination, to=NOW + 1, now=NOW + 4)
    # The newest is a copy now; the same bytes again are no new version, but old ones go.
    push(b"1", now=NOW + 5, keep=1)
    assert versions(destination) == [NOW + 2, NOW + 4]


def test_an_earlier_training_outlives_refreshes_of_a_later_one(push, destination):
    push(b"good", now=NOW)
    push(b"bad", now=NOW + 1)
    for i in range(2, 5):
        push(b"bad%d" % i, now=NOW + i, refresh_of=NOW + 1)
    assert versions(destination) == [NOW, NOW + 2, NOW + 3, NOW + 4]
    assert roll_back(destination, to=NOW, now=NOW + 5).target == NOW


def test_a_damaged_version_does_not_stand_for_its_training(push, destination):
    push(b"good", now=NOW, keep=5)
    damaged = push(b"good1", now=NOW + 1, keep=5, refresh_of=NOW).path
    (damaged / "saved_model.pb").write_bytes(b"rotten")
    push(b"bad", now=NOW + 2, keep=5)
    push(b"bad1", now=NOW + 3, keep=2, refresh_of=NOW + 2)
    assert versions(destination) == [NOW, NOW + 2, NOW + 3]
