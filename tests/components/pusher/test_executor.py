from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.pusher import labels
from components.pusher.component import Pusher
from components.pusher.destination import versions
from components.pusher.executor import Executor
from components.warm_up_file import WARM_UP_FILE


@pytest.fixture
def artifacts(tmp_path):
    """A model with both blessings, and the artifact of the push."""
    model = standard_artifacts.Model()
    model.uri, model.id = str(tmp_path / "model"), 7
    saved = tmp_path / "model" / "Format-Serving"
    saved.mkdir(parents=True)
    (saved / "saved_model.pb").write_bytes(b"graph")
    blessing, infra = standard_artifacts.ModelBlessing(), standard_artifacts.InfraBlessing()
    for artifact, name in ((blessing, "blessing"), (infra, "infra")):
        artifact.uri = str(tmp_path / name)
        Path(artifact.uri).mkdir()
        artifact.set_int_custom_property("blessed", 1)
        artifact.set_int_custom_property("current_model_id", 7)
    (Path(infra.uri) / WARM_UP_FILE).write_bytes(b"requests")
    pushed = standard_artifacts.PushedModel()
    pushed.uri = str(tmp_path / "pushed")
    return {"model": model, "blessing": blessing, "infra": infra, "pushed": pushed}


def _run(artifacts, destination, rollout="newest", **more):
    Executor().Do(
        {
            "model": [artifacts["model"]],
            "model_blessing": [artifacts["blessing"]],
            "infra_blessing": [artifacts["infra"]],
        },
        {"pushed_model": [artifacts["pushed"]]},
        {"push_destination": str(destination), "keep": 3, "rollout": rollout, "code": "x", **more},
    )
    return artifacts["pushed"]


def test_blessed_by_both_is_pushed_with_its_warm_up(artifacts, tmp_path):
    pushed = _run(artifacts, tmp_path / "serving")
    (version,) = versions(tmp_path / "serving")
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_version") == str(version)
    path = Path(pushed.get_string_custom_property("pushed_destination"))
    assert path == tmp_path / "serving" / str(version)
    assert (path / "assets.extra" / WARM_UP_FILE).read_bytes() == b"requests"
    assert (Path(pushed.uri) / "manifest.json").read_text() == (path / "manifest.json").read_text()


@pytest.mark.parametrize("rollout", ["newest", "canary"])
def test_stable_follows_at_once_or_waits(artifacts, tmp_path, rollout):
    destination = tmp_path / "serving"
    _run(artifacts, destination, rollout)
    (first,) = versions(destination)
    assert labels.read(destination) == {"canary": first, "stable": first}
    (tmp_path / "model" / "Format-Serving" / "saved_model.pb").write_bytes(b"another graph")
    _run(artifacts, destination, rollout)
    second = versions(destination)[-1]
    stable = second if rollout == "newest" else first
    assert labels.read(destination) == {"canary": second, "stable": stable}
    moved = artifacts["pushed"].get_string_custom_property("pushed_labels")
    assert moved == ("canary,stable" if rollout == "newest" else "canary")


@pytest.mark.parametrize(
    ("gate", "said"),
    [("blessing", "the Verdict did not bless it"), ("infra", "the ServingValidator did not")],
)
def test_withheld_where_one_gate_did_not_bless(artifacts, tmp_path, gate, said):
    artifacts[gate].set_int_custom_property("blessed", 0)
    pushed = _run(artifacts, tmp_path / "serving")
    assert versions(tmp_path / "serving") == []
    assert pushed.get_int_custom_property("pushed") == 0
    assert said in pushed.get_string_custom_property("withheld_because")


def test_withheld_where_a_gate_said_nothing(artifacts, tmp_path):
    artifacts["blessing"] = standard_artifacts.ModelBlessing()
    pushed = _run(artifacts, tmp_path / "serving")
    assert versions(tmp_path / "serving") == []
    assert pushed.get_int_custom_property("pushed") == 0


def test_the_reason_repeats_what_the_verdict_said(artifacts, tmp_path):
    artifacts["blessing"].set_int_custom_property("blessed", 0)
    artifacts["blessing"].set_string_custom_property("blessing_message", "FAIL: auc is 0.5.")
    pushed = _run(artifacts, tmp_path / "serving")
    assert "FAIL: auc is 0.5." in pushed.get_string_custom_property("withheld_because")


@pytest.mark.parametrize("gate", ["blessing", "infra"])
def test_withheld_where_another_model_was_blessed(artifacts, tmp_path, gate):
    artifacts[gate].set_int_custom_property("current_model_id", 6)
    pushed = _run(artifacts, tmp_path / "serving")
    assert versions(tmp_path / "serving") == []
    reason = pushed.get_string_custom_property("withheld_because")
    assert "is about model 6, not about this one, 7" in reason


@pytest.mark.parametrize("destination", ["serving", "gs://bucket/serving"])
def test_the_destination_must_be_a_folder(destination):
    with pytest.raises(
        ValueError, match=rf"absolute path of a file system\. Received: '{destination}"
    ):
        Pusher(
            model=None,
            model_blessing=None,
            infra_blessing=None,
            push_destination=destination,
            code="",
        )


def test_the_newest_version_must_stay(tmp_path):
    with pytest.raises(ValueError, match=r"`keep` must be at least 1.*Received: 0"):
        Pusher(
            model=None,
            model_blessing=None,
            infra_blessing=None,
            push_destination=str(tmp_path),
            code="",
            keep=0,
        )
