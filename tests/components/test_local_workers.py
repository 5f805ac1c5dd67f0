"""Workers on this machine: for much data, and only where Beam runs here alone."""

import os

import pytest

from components.local_workers import COLUMNS, with_local_workers, worker_environment

IN_MEMORY = ["--runner=FnApiRunner", "--direct_running_mode=in_memory", "--some=other"]
LARGE = 1 << 30


def test_a_large_log_gets_a_process_for_each_core():
    assert with_local_workers(IN_MEMORY, LARGE, 4) == [
        "--runner=FnApiRunner",
        "--some=other",
        "--direct_running_mode=multi_processing",
        "--direct_num_workers=4",
    ]


@pytest.mark.parametrize(
    ("args", "size", "cores"),
    [
        (IN_MEMORY, 1000, 4),
        (IN_MEMORY, LARGE, 1),
        (["--runner=FlinkRunner"], LARGE, 4),
    ],
)
def test_otherwise_nothing_changes(args, size, cores):
    assert with_local_workers(args, size, cores) == args


def test_workers_get_variables_that_nobody_else_keeps(monkeypatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "7")
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    with worker_environment(COLUMNS):
        assert os.environ["POLARS_MAX_THREADS"] == "7"
        assert os.environ["MALLOC_TRIM_THRESHOLD_"] == str(2**30)
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ
