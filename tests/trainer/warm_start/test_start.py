"""A training goes on from what it may know, and else starts cold, at full length, and says why."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from tests.trainer.jobs import job
from tests.trainer.warm_start.shops import earlier_shop, grown_shop
from trainer.preparation import Prepared
from trainer.warm_start.start import START_FILE, warm_start

BEFORE, NOW = earlier_shop(), grown_shop()
SHARE = 0.25


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where an earlier retriever is saved."""
    return BEFORE.save(*BEFORE.retriever(1), tmp_path_factory.mktemp("earlier"))


def start(
    folder: Path, base_model: str | None, share: float = SHARE, **described: Any
) -> tuple[float, dict[str, Any] | None]:
    """The share of the steps that remains, and what the run says of its start."""
    model, description = NOW.retriever(3, **described)
    (folder / "run").mkdir()
    asked = job(folder, base_model=base_model)
    inputs = Prepared(NOW, description, None, [])
    remaining = warm_start(model, asked, inputs, tf.distribute.get_strategy(), share)
    said = folder / "run" / START_FILE
    return remaining, json.loads(said.read_text()) if said.exists() else None


def test_a_warm_start_takes_a_share_of_the_steps(
    earlier: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    share, said = start(tmp_path, earlier)
    assert share == SHARE
    assert said == {"warm": True, "why": f"It goes on from {earlier}.", "anew": []}
    assert f"The retriever starts warm. It goes on from {earlier}." in capfd.readouterr().err


def test_without_the_setting_nothing_is_gone_on_from(earlier: str, tmp_path: Path) -> None:
    assert start(tmp_path, earlier, share=0.0) == (1.0, None)


@pytest.mark.parametrize(
    ("described", "why"),
    [
        ({"protocol": "leave_one_out"}, "held out as they were .* leave_one_out, then time"),
        ({"last_time": 999}, "end no earlier .* 00:16:39.*, then 1970-01-01 00:16:40"),
        ({"changed": {"dimension": 16}}, "must have the weights of this one"),
    ],
)
def test_what_cannot_be_gone_on_from_starts_cold_at_full_length(
    earlier: str, tmp_path: Path, described: dict[str, Any], why: str
) -> None:
    share, said = start(tmp_path, earlier, **described)
    assert said is not None
    assert (share, said["warm"]) == (1.0, False)
    assert re.search(why, said["why"])


def test_a_model_whose_items_share_rows_is_not_gone_on_from(tmp_path: Path) -> None:
    folder = BEFORE.save(*BEFORE.retriever(1, {"hash_buckets": 4}), tmp_path / "hashed")
    share, said = start(tmp_path, folder)
    assert share == 1.0
    assert said is not None
    assert re.search(r"a row for each item.*\(hash_buckets 4\)", said["why"])


def test_without_an_earlier_model_it_starts_cold(tmp_path: Path) -> None:
    share, said = start(tmp_path, None)
    assert share == 1.0
    assert said is not None
    assert "no blessed model" in said["why"]


def test_a_model_of_an_earlier_release_does_not_say_what_it_knows(tmp_path: Path) -> None:
    model, description = BEFORE.retriever(1)
    folder = BEFORE.save(model, description.model_copy(update={"protocol": None}), tmp_path / "old")
    share, said = start(tmp_path, folder)
    assert share == 1.0
    assert said is not None
    assert "which rows it was trained on" in said["why"]


def test_a_ranker_whose_weights_mean_something_else_is_not_gone_on_from(tmp_path: Path) -> None:
    """One of an earlier release had the plain loss, and ids that count in full."""
    model, description = BEFORE.ranker(2)
    later = ("positive_weight", "focal_gamma", "id_shrinkage")
    old = {name: value for name, value in description.settings.items() if name not in later}
    old_release = description.model_copy(update={"settings": old})
    folder = BEFORE.save(model, old_release, tmp_path / "earlier")
    for asked, warm in (({}, True), ({"focal_gamma": 2.0}, False), ({"id_shrinkage": 5.0}, False)):
        now, described = NOW.ranker(3, asked)
        run = tmp_path / "-".join(["run", *asked])
        (run / "run").mkdir(parents=True)
        inputs = Prepared(NOW, described, None, [])
        wanted = job(run, model="ranker", base_model=folder)
        warm_start(now, wanted, inputs, tf.distribute.get_strategy(), SHARE)
        said = json.loads((run / "run" / START_FILE).read_text())
        assert said["warm"] == warm
    plain = "{'positive_weight': 1.0, 'focal_gamma': 0.0, 'id_shrinkage': 0.0}"
    assert f"'id_shrinkage': 5.0}}, then {plain}" in said["why"]
