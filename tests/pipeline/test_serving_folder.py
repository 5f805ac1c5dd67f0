"""Which version is served."""

import json

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import RunError
from pipeline.serving_folder import (
    pushed_model,
    serving_folder,
    why_not_refreshed,
)


def test_without_labels_the_newest_complete_version_counts(shop):
    shop.version(9)
    newest = shop.version(10)
    (serving_folder(shop.settings) / "11").mkdir()
    assert pushed_model(shop.settings) == newest


@pytest.mark.parametrize("canary", [9, 10])
def test_what_is_on_trial_or_was_withdrawn_is_not_what_users_are_served(shop, canary):
    served = shop.version(9)
    shop.version(10)
    text = json.dumps({"canary": canary, "stable": 9})
    (serving_folder(shop.settings) / "labels.json").write_text(text)
    assert pushed_model(shop.settings) == served
    status = CliRunner().invoke(app, ["status", "--config", str(shop.config), "--json"])
    assert json.loads(status.stdout)["served_version"] == 9


def test_a_trial_keeps_the_items_from_being_refreshed(shop):
    shop.version(9)
    shop.version(10)
    folder = serving_folder(shop.settings)
    assert why_not_refreshed(shop.settings) == ""
    (folder / "labels.json").write_text('{"canary": 10, "stable": 9}')
    done = CliRunner().invoke(app, ["refresh-items", "--config", str(shop.config)])
    assert done.exit_code == 1
    assert "Received: version 10 is on trial as canary" in done.output
    (folder / "labels.json").write_text('{"canary": 9, "stable": 9}')
    assert why_not_refreshed(shop.settings) == ""


def test_before_the_first_push_it_says_so(shop):
    with pytest.raises(RunError, match=r"a model must have been pushed.*Run the pipeline first"):
        pushed_model(shop.settings)
