"""A refresh publishes what was published before, unless it was taken back from users."""

import pytest

from components.pusher import labels, unfinished
from components.pusher.destination import versions
from components.pusher.labels import Label
from components.pusher.promotion import withdraw
from components.pusher.rollback import roll_back
from components.pusher.served import on_trial, served_version, state, trained_as
from tests.components.pusher.test_executor import _run, artifacts  # noqa: F401 -- a fixture


@pytest.fixture
def refresh(artifacts, tmp_path):  # noqa: F811
    """Pushes a model that consists of a text; whether it was pushed, and why not."""

    def push(text, rollout="newest", began=None):
        (tmp_path / "model" / "Format-Serving" / "saved_model.pb").write_text(text)
        folder = tmp_path / "serving"
        pushed = _run(artifacts, folder, rollout, served=began or state(folder))
        done = pushed.get_int_custom_property("pushed")
        return done, pushed.get_string_custom_property("withheld_because")

    push.folder = tmp_path / "serving"
    return push


def content(folder):
    return (folder / str(served_version(folder)) / "saved_model.pb").read_text()


def test_what_was_served_before_is_published_again(refresh):
    for text in ("old", "bad", "old"):
        before = state(refresh.folder)
        assert refresh(text)[0] == 1
        assert state(refresh.folder) != before  # else the push would come from the cache
    assert content(refresh.folder) == "old"
    assert len(versions(refresh.folder)) == 3
    before = state(refresh.folder)
    refresh("old")
    assert state(refresh.folder) == before


@pytest.mark.parametrize("to", ["one", "two"])
def test_what_a_rollback_took_back_is_withheld_and_said_so(refresh, to):
    for text in ("one", "two", "three"):
        refresh(text)
    first, second, third = versions(refresh.folder)
    before = state(refresh.folder)
    roll_back(refresh.folder, to=first if to == "one" else second, now=1)
    assert state(refresh.folder) != before
    assert refresh("three") == (
        0,
        f"it is version {third}, which was taken back from users after it had been pushed. "
        f"To serve it all the same: sluice rollback --to {third}.",
    )
    assert content(refresh.folder) == to
    assert refresh("four")[0] == 1
    assert content(refresh.folder) == "four"


def test_a_withdrawn_canary_does_not_come_back(refresh):
    refresh("one", "canary")
    refresh("two", "canary")
    first, second = versions(refresh.folder)
    before = state(refresh.folder)
    withdraw(refresh.folder, second)
    assert state(refresh.folder) == before == f"{first} served, {second} newest"
    pushed, reason = refresh("two", "canary")
    assert not pushed
    assert reason.startswith(f"it is version {second}, which was taken back")
    assert labels.read(refresh.folder) == {Label.CANARY: first, Label.STABLE: first}


def test_what_was_decided_while_a_refresh_ran_is_not_undone(refresh):
    for text in ("good", "bad"):
        refresh(text)
    before = state(refresh.folder)
    roll_back(refresh.folder, to=None, now=1)
    pushed, reason = refresh("bad towers, newer items", began=before)
    assert not pushed
    assert reason.startswith(f"what is served changed meanwhile: {before} when the refresh began")
    assert content(refresh.folder) == "good"
    assert refresh("good towers, newer items")[0] == 1


def test_a_push_that_nobody_was_told_of_is_told_of_when_it_is_run_again(refresh):
    refresh("one")
    before = state(refresh.folder)
    assert refresh("two", began=before)[0] == 1
    first, second = versions(refresh.folder)
    assert refresh("two", began=before) == (1, "")
    assert versions(refresh.folder) == [first, second]


@pytest.fixture
def cut_off(refresh, monkeypatch):
    """A refresh whose push ends after so many labels; gives the state at its beginning."""

    def push(text, moved):
        before, given, move = state(refresh.folder), [], labels.move

        def fail(destination, label, version):
            if len(given) == moved:
                raise KeyboardInterrupt
            move(destination, label, version)
            given.append(label)

        with monkeypatch.context() as patched:
            patched.setattr(labels, "move", fail)
            with pytest.raises(KeyboardInterrupt):
                refresh(text)
        return before

    return push


@pytest.mark.parametrize("moved", [0, 1])
@pytest.mark.parametrize("retried", [True, False])
def test_a_push_that_was_cut_off_is_finished_not_taken_back(refresh, cut_off, moved, retried):
    refresh("one")
    before = cut_off("two", moved)
    first, second = versions(refresh.folder)
    assert served_version(refresh.folder) == first
    assert on_trial(refresh.folder) is None
    assert refresh("two", began=before if retried else None) == (1, "")
    assert versions(refresh.folder) == [first, second]
    assert labels.read(refresh.folder) == {Label.CANARY: second, Label.STABLE: second}


@pytest.mark.parametrize("moved", [0, 1])
def test_a_push_that_was_cut_off_is_what_a_rollback_leaves(refresh, cut_off, moved):
    refresh("one")
    cut_off("two", moved)
    first, second = versions(refresh.folder)
    done = roll_back(refresh.folder, to=None, now=1)
    assert (done.before, done.target) == (second, first)
    assert refresh("two")[1].startswith(f"it is version {second}, which was taken back")


def test_a_push_that_was_cut_off_and_withdrawn_does_not_come_back(refresh, monkeypatch):
    refresh("one")
    with monkeypatch.context() as patched:
        patched.setattr(unfinished, "unmark", lambda _: None)
        refresh("two", "canary")
    first, second = versions(refresh.folder)
    withdraw(refresh.folder, second)
    assert refresh("two")[1].startswith(f"it is version {second}, which was taken back")
    assert served_version(refresh.folder) == first


def test_nothing_is_served_before_the_first_push(tmp_path):
    assert served_version(tmp_path / "nothing") is None
    assert state(tmp_path / "nothing") == ""


def test_each_version_leads_to_the_one_that_was_trained(refresh, artifacts):  # noqa: F811
    folder = refresh.folder
    (folder.parent / "model" / "Format-Serving" / "saved_model.pb").write_text("trained")
    _run(artifacts, folder)
    (trained,) = versions(folder)
    refresh("one")
    refresh("two")
    _, one, two = versions(folder)
    copy = roll_back(folder, to=one, now=1).published.version
    assert [trained_as(folder, version) for version in (trained, one, two, copy)] == [trained] * 4
    assert trained_as(folder, 3) == 3  # retired, and its manifest with it
    (folder.parent / "model" / "Format-Serving" / "saved_model.pb").write_text("trained anew")
    _run(artifacts, folder)
    assert trained_as(folder, versions(folder)[-1]) == versions(folder)[-1]
