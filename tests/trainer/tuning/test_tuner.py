"""TFX Tuner killed in a search: what was trained stays, and Trainer takes the best trial."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tfx.components.trainer.fn_args_utils import FnArgs

from tests.trainer.tuning import searching
from tests.waiting import wait_until
from trainer.job import job_from_fn_args
from trainer.settings import RetrieverSettings

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[3]


def test_a_killed_search_goes_on_and_its_best_trial_is_what_is_trained(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.trainer.tuning.searching", str(tmp_path), "3"]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    killed = subprocess.Popen(command, cwd=PROJECT, env=environment)
    try:
        wait_until(lambda: (tmp_path / "waiting").exists() or killed.poll() is not None, 300)
    finally:
        killed.kill()
        killed.wait()
    assert len((tmp_path / "trained").read_text().splitlines()) == 3
    assert not (tmp_path / "best_hyperparameters").exists()

    searching.main(tmp_path)
    assert len((tmp_path / "trained").read_text().splitlines()) == 3 + 2  # the third and fourth
    record = json.loads((tmp_path / "tuning" / "search.json").read_text())
    assert [trial["kept"] for trial in record["trials"]] == [True, True, False, False]
    best = record["trials"][record["best"] - 1]
    assert best["score"] == max(trial["score"] for trial in record["trials"])

    [file] = (tmp_path / "best_hyperparameters" / "2").iterdir()
    found = FnArgs(
        train_files=["/rows/Split-train/*", "/rows/Split-catalogue/*"],
        eval_files=["/rows/Split-validation/*"],
        transform_graph_path="/graph",
        serving_model_dir="/model",
        model_run_dir="/run",
        hyperparameters=json.loads(file.read_text()),
        custom_config={
            "settings": RetrieverSettings(learning_rate=0.05, layers=4).model_dump(),
            "features": (),
            "aggregates": (),
            "history_length": 4,
            "protocol": "time",
            "exclude_seen": True,
            "seed": 5,
        },
    )
    trained = job_from_fn_args("retriever", found)
    assert {name: trained.settings[name] for name in ("learning_rate", "layers")} == best["values"]
    found.hyperparameters = None
    assert job_from_fn_args("retriever", found).settings["learning_rate"] == 0.05
