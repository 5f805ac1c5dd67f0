"""The Evaluator by one process and by several: the same results, and the work is shared."""

import re

import pytest

from components import local_workers
from tests.components.toy_recommender import ToyRecommender, raw_row, write_split
from tests.pipeline.evaluating import evaluate
from trainer.metrics import item_table

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Rows in two files, and a model."""
    folder = tmp_path_factory.mktemp("evaluator")
    rows = [raw_row(user, 1 + user % 6) for user in range(120)]
    for half in (0, 1):
        write_split(folder / str(half), "eval", rows[half::2])
    split = folder / "examples" / "Split-eval"
    split.mkdir(parents=True)
    for half in (0, 1):
        (file,) = (folder / str(half) / "Split-eval").iterdir()
        file.rename(split / f"data_tfrecord-{half:05d}-of-00002.gz")
    toy = ToyRecommender("good")
    toy.save(folder / "model" / "Format-Serving")
    toy.item_table().write(folder / "model" / item_table.FILE)
    return folder


@pytest.mark.parametrize("config", ["lists", "scores"])
def test_processes_find_what_one_finds(folder, tmp_path, config, monkeypatch, caplog):
    alone = evaluate(folder / "examples", tmp_path / "alone", config, folder / "model")
    monkeypatch.setattr(local_workers, "_MUCH", 0)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    caplog.set_level("INFO")
    shared = evaluate(folder / "examples", tmp_path / "shared", config, folder / "model")
    started = re.findall(r"worker_\d+|sdk_worker", caplog.text)
    assert started
    assert shared[0] is alone[0] is True
    assert shared[1].rows() == alone[1].rows() > 0
    assert shared[1].candidate.keys() == alone[1].candidate.keys()
    for metric, values in alone[1].candidate.items():
        assert shared[1].candidate[metric] == pytest.approx(values, nan_ok=True), metric
