"""Labels point to versions that are there, and move in order."""

import pytest

from components.pusher import labels
from components.pusher.errors import PublishError
from components.pusher.labels import Label, Rollout
from components.pusher.promotion import promote, withdraw

NOW = 1_700_000_000


def test_without_a_file_no_version_has_a_label(tmp_path):
    assert labels.read(tmp_path) == {}


def test_a_push_moves_canary_before_stable(push, destination, monkeypatch):
    push(b"first", now=NOW)
    moves, move = [], labels.move

    def recorded(folder, label, version):
        moves.append((label, version))
        move(folder, label, version)

    monkeypatch.setattr(labels, "move", recorded)
    push(b"second", now=NOW + 1)
    assert moves == [(Label.CANARY, NOW + 1), (Label.STABLE, NOW + 1)]


def test_stable_waits_behind_canary_until_it_is_promoted(push, destination):
    push(b"first", now=NOW, rollout=Rollout.CANARY)
    assert labels.read(destination) == {"canary": NOW, "stable": NOW}  # somebody must be served
    push(b"second", now=NOW + 1, rollout=Rollout.CANARY)
    assert labels.read(destination) == {"canary": NOW + 1, "stable": NOW}
    promoted = promote(destination)
    assert (promoted.before, promoted.now) == (NOW, NOW + 1)
    assert labels.read(destination) == {"canary": NOW + 1, "stable": NOW + 1}


def test_a_label_for_a_version_that_is_not_there_is_refused(push, destination):
    push(b"first", now=NOW)
    with pytest.raises(PublishError, match=r"Received: 'stable' for 7, which .* does not hold"):
        labels.move(destination, Label.STABLE, 7)
    assert labels.read(destination)["stable"] == NOW


def test_a_damaged_canary_is_not_promoted(push, destination):
    push(b"first", now=NOW, rollout=Rollout.CANARY)
    second = push(b"second", now=NOW + 1, rollout=Rollout.CANARY)
    (second.path / "saved_model.pb").write_bytes(b"rotten")
    with pytest.raises(PublishError, match=rf"version {NOW + 1}, which is damaged"):
        promote(destination)
    assert labels.read(destination)["stable"] == NOW


def test_without_a_canary_nothing_is_promoted(push, destination):
    with pytest.raises(PublishError, match="There must be a published version"):
        promote(destination)
    push(b"first", now=NOW)
    (destination / labels.LABELS_FILE).unlink()
    with pytest.raises(PublishError, match="Received: no canary"):
        promote(destination)


@pytest.mark.parametrize("content", ["", "[]", "3", '{"stable": "x"}', '{"best": 1}'])
def test_another_file_in_its_place_is_refused(tmp_path, content):
    (tmp_path / labels.LABELS_FILE).write_text(content)
    with pytest.raises(PublishError, match="must hold the versions with a label"):
        labels.read(tmp_path)


def test_what_was_tried_out_is_withdrawn(push, destination):
    push(b"first", now=NOW, rollout=Rollout.CANARY)
    push(b"second", now=NOW + 1, rollout=Rollout.CANARY)
    done = withdraw(destination, NOW + 1)
    assert (done.before, done.now) == (NOW + 1, NOW)
    assert labels.read(destination) == {"canary": NOW, "stable": NOW}
    assert (destination / str(NOW + 1)).is_dir()


def test_only_what_is_tried_out_still_is_withdrawn_or_promoted(push, destination):
    push(b"first", now=NOW, rollout=Rollout.CANARY)
    push(b"second", now=NOW + 1, rollout=Rollout.CANARY)
    push(b"third", now=NOW + 2, rollout=Rollout.CANARY)
    said = rf"must still be version {NOW + 1}. Received: {NOW + 2}"
    for act in (lambda: withdraw(destination, NOW + 1), lambda: promote(destination, NOW + 1)):
        with pytest.raises(PublishError, match=said):
            act()
    promote(destination, NOW + 2)
    with pytest.raises(PublishError, match="which must be another one"):
        withdraw(destination, NOW + 2)
    assert labels.read(destination) == {"canary": NOW + 2, "stable": NOW + 2}
