"""When a benchmark trains a recommender, and when it takes the one that is kept."""

import json
import shutil

import pytest

from benchmarks import seeded_run
from benchmarks.seeded_run import SeededRun, newest


@pytest.fixture
def run(tmp_path):
    return SeededRun(tmp_path / "shop.yaml", tmp_path / "log", tmp_path / "root", 7)


@pytest.fixture
def trainings(monkeypatch, run):
    """What was trained; a training leaves a model and says how long its nodes took."""
    seen = []

    def train(module, *arguments, said, environment):
        seen.append((module, *arguments, environment))
        model = run.root / "artifacts" / "RecommenderAssembler" / "model" / f"{len(seen) + 8}"
        (model / "Format-Serving").mkdir(parents=True)
        said.write_text(json.dumps({"seconds": {"Ranker": float(len(seen))}}))

    monkeypatch.setattr(seeded_run, "run_module", train)
    return seen


def test_it_is_trained_once(run, trainings, tmp_path):
    said = tmp_path / "said.json"
    assert run.train(said) == {"Ranker": 1.0}
    assert run.train(said) == {"Ranker": 1.0}
    where = {"BENCH_LOG": str(tmp_path / "log"), "BENCH_ROOT": str(tmp_path / "root")}
    assert trainings == [
        ("benchmarks.train_side", tmp_path / "shop.yaml", 7, "RecommenderAssembler", where)
    ]


@pytest.mark.parametrize("gone", ["root", "model", "served model", "report"])
def test_it_is_trained_again_where_the_report_or_the_model_is_gone(run, trainings, tmp_path, gone):
    said = tmp_path / "said.json"
    run.train(said)
    if gone == "report":
        said.unlink()
    else:
        folders = {"root": run.root, "model": run.model.parent, "served model": run.model}
        shutil.rmtree(folders[gone])
    assert run.train(said) == {"Ranker": 2.0}
    assert len(trainings) == 2
    assert run.model.exists()


def test_the_newest_artifact_is_that_of_the_highest_number(tmp_path):
    assert not newest(tmp_path, "Ranker", "model").exists()
    written = tmp_path / "artifacts" / "Ranker" / "model"
    for number in ("9", "10"):
        (written / number).mkdir(parents=True)
    assert newest(tmp_path, "Ranker", "model") == written / "10"
