"""Which version is served."""

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import RunError
from pipeline.serving_folder import (
    pushed_model,
    served_version,
    serving_folder,
    why_not_refreshed,
)


def test_the_newest_complete_version_counts(shop):
    assert served_version(shop.settings) is None
    shop.version(9)
    newest = shop.version(10)
    (serving_folder(shop.settings) / "11").mkdir()
    assert served_version(shop.settings) == 10
    assert pushed_model(shop.settings) == newest


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
