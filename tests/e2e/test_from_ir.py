"""The whole pipeline as compiled for Kubeflow: every node a process, trainings by two pods each.

Metadata lie in MariaDB.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.kubeflow import mariadb
from benchmarks.kubeflow.demo import metrics
from pipeline.kubeflow.metadata import PASSWORD_VARIABLE
from tests.e2e.conftest import sluice

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not mariadb.programs(), reason="needs MariaDB's server: scripts/install_mariadb.sh"
    ),
]


@pytest.fixture(scope="module")
def compiled_run(
    write_settings: Callable[..., Path], sample: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """What `sluice run --from-ir --json` printed, with the settings of the shared run."""
    with mariadb.running() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(PASSWORD_VARIABLE, mariadb.PASSWORD)
        kubeflow = {
            "image": "shop/sluice:1",
            "volumes": [{"claim": "shop", "path": str(sample)}],
            "metadata": server.settings,
            # As many threads as a process of the shared run's trainings has.
            "training": {"workers": 2, "pods": {"cpu": str(max(1, (os.cpu_count() or 1) // 2))}},
        }
        config = write_settings("compiled.yaml", root="compiled", kubeflow=kubeflow)
        compiled = tmp_path_factory.mktemp("compiled") / "pipeline.yaml"
        done = sluice("compile", "--config", str(config), "--out", str(compiled))
        assert done.code == 0, done.errors
        outcome = sluice("run", "--from-ir", str(compiled), "--json")
        assert outcome.code == 0, outcome.errors
        yield outcome.json


def test_it_pushes_a_model(compiled_run: dict[str, Any], sample: Path) -> None:
    served = sample / "compiled" / "serving" / "recommender" / str(compiled_run["pushed_version"])
    assert (served / "saved_model.pb").is_file()
    states = compiled_run["nodes"]
    assert len(states) >= 18
    assert set(states.values()) == {"done"}


def test_its_metrics_are_those_of_the_run_in_one_process(
    first_run: dict[str, Any], compiled_run: dict[str, Any]
) -> None:
    expected, found = (metrics(run) for run in (first_run, compiled_run))
    assert found == pytest.approx(expected, abs=1e-6)
    assert {name: value * 1.01 for name, value in found.items()} != pytest.approx(expected)


@pytest.mark.parametrize("node", ["Retriever", "Ranker"])
def test_its_pods_train_as_processes_of_one_machine_do(
    first_run: dict[str, Any], compiled_run: dict[str, Any], sample: Path, node: str
) -> None:
    expected, found = (_losses(sample / root, node) for root in ("root", "compiled"))
    assert found == pytest.approx(expected, rel=1e-6)
    logs = sample / "compiled" / "logs" / compiled_run["run_id"]
    assert len(list(logs.glob(f"{node.lower()}-sample-*.log"))) == 2


def _losses(root: Path, node: str) -> list[float]:
    """The loss of each epoch."""
    [history] = (root / "artifacts" / node / "model_run").glob("*/history.json")
    losses: list[float] = json.loads(history.read_text())["loss"]
    return losses


def test_its_metadata_lie_in_the_database_alone(compiled_run: dict[str, Any], sample: Path) -> None:
    assert not (sample / "compiled" / "metadata.sqlite").exists()
