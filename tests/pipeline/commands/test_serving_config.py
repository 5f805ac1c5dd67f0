"""`sluice serving-config`: the defaults, the settings, and labels that move step by step."""

import json

import pytest
from typer.testing import CliRunner

from components.pusher.labels import Rollout
from components.pusher.promotion import promote
from components.pusher.publish import publish
from pipeline.cli import app
from pipeline.deployment.models_config import Step, parse
from pipeline.serving_folder import serving_folder


def render(out, *arguments):
    result = CliRunner().invoke(app, ["serving-config", "--out", str(out), *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def canary(shop):
    shop.config.write_text(shop.config.read_text() + "serving: {rollout: canary}\n")
    return shop


def push(shop, version):
    model = shop.folder / f"model-{version}"
    model.mkdir()
    (model / "saved_model.pb").write_text(str(version))
    folder = serving_folder(shop.settings)
    publish(model, folder, extra_files={}, now=version, keep=3, rollout=Rollout.CANARY)


def step(shop, out):
    facts = json.loads(render(out, "--config", str(shop.config), "--json"))
    return facts["settled"], parse((out / "models.config").read_text())


def test_without_settings_the_defaults_are_rendered(tmp_path):
    said = render(tmp_path / "out")
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert f"Wrote {len(written)} files to {tmp_path / 'out'}." in said
    assert "step by step" not in said
    assert "tensorflow/serving:2.20.0 is a tag, which may come to mean another image" in said


def test_an_image_with_its_digest_is_rendered_without_a_word(shop, tmp_path):
    image = f"tensorflow/serving:2.20.0@sha256:{'0a' * 32}"
    shop.config.write_text(f'{shop.config.read_text()}serving: {{image: "{image}"}}\n')
    assert "is a tag" not in render(tmp_path, "--config", str(shop.config))
    assert f"image: {image}" in (tmp_path / "kubernetes" / "deployment.yaml").read_text()


def test_the_newest_version_needs_no_labels_even_where_there_are_some(shop, tmp_path):
    push(shop, 3)
    assert step(shop, tmp_path) == (True, Step())


def test_labels_move_step_by_step(canary, tmp_path):
    assert step(canary, tmp_path) == (True, Step())  # nothing was pushed yet
    push(canary, 3)
    one = Step(frozenset({3}), {"canary": 3, "stable": 3})
    assert step(canary, tmp_path) == (True, one)
    push(canary, 4)
    assert step(canary, tmp_path) == (False, Step(frozenset({3, 4}), one.labels))
    tried = Step(frozenset({3, 4}), {"canary": 4, "stable": 3})
    assert step(canary, tmp_path) == (True, tried)
    assert step(canary, tmp_path) == (True, tried)
    promote(serving_folder(canary.settings))
    two = {"canary": 4, "stable": 4}
    assert step(canary, tmp_path) == (False, Step(frozenset({3, 4}), two))
    assert step(canary, tmp_path) == (True, Step(frozenset({4}), two))


def test_it_says_that_there_is_a_next_step(canary, tmp_path):
    push(canary, 3)
    render(tmp_path, "--config", str(canary.config))
    push(canary, 4)
    said = render(tmp_path, "--config", str(canary.config))
    assert "wait until every server has all these versions AVAILABLE" in said
    assert "3, 4" in said
    flags = (tmp_path / "kubernetes" / "deployment.yaml").read_text()
    assert "--model_config_file_poll_wait_seconds=10" in flags


def test_a_file_that_is_something_else_is_not_overwritten(canary, tmp_path):
    push(canary, 3)
    (tmp_path / "models.config").write_text("mine")
    result = CliRunner().invoke(
        app, ["serving-config", "--out", str(tmp_path), "--config", str(canary.config)]
    )
    assert result.exit_code == 1
    assert "must be a ModelServerConfig of one model" in result.stderr
    assert (tmp_path / "models.config").read_text() == "mine"
