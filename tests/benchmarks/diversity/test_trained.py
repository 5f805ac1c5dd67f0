"""The run that is measured."""

from pathlib import Path

import pytest

from benchmarks.diversity.trained import NoRunError, latest_run

CONFIG = Path(__file__).parents[3] / "pipeline" / "configs" / "movielens-100k.yaml"


def test_without_a_run_the_benchmark_says_what_makes_one(tmp_path, monkeypatch):
    config = tmp_path / "settings.yaml"
    config.write_text(CONFIG.read_text().replace("../../runs/movielens-100k", str(tmp_path)))
    monkeypatch.setenv("SLUICE_CACHE", str(tmp_path))
    with pytest.raises(NoRunError, match=r"without an output of Transform\. Run `make demo` first"):
        latest_run(config)
