"""The data nodes on Beam's portable runner: a job server and workers that are others' processes.

Beam's own job server takes the place of Flink's: the protocol between it, the node and the workers
is the same. Rows, statistics and the transform must be those of the node's own process.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from pipeline.kubeflow.beam_settings import BeamSettings
from pipeline.loading import load_settings
from trainer.distribution import free_ports

pytestmark = pytest.mark.slow

NODES = (
    *("EventExampleGen", "StatisticsGen", "LatestBlessedSpan", "FeatureSchema"),
    *("ExampleValidator", "DataGate", "Transform"),
)


@contextlib.contextmanager
def running(module, log, *arguments):
    """A server of Beam's, as a process; gives its address once it answers."""
    (port,) = free_ports(1)
    # As in our image: the `python` that Beam starts workers with is the environment's.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-m", f"apache_beam.runners.{module}", *arguments, str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | {"PATH": path}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(port, process, log)
        yield f"localhost:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(port, process, log):
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("localhost", port), 1).close()
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-3000:])


@pytest.fixture
def flink(tmp_path):
    """Settings as for Flink, with Beam's own job server and a pool of workers behind them."""
    staging = ("--staging_dir", str(tmp_path / "staging"))
    with (
        running(
            "portability.local_job_service_main", tmp_path / "jobs.log", *staging, "--port"
        ) as jobs,
        running("worker.worker_pool_main", tmp_path / "workers.log", "--service_port") as workers,
    ):
        yield BeamSettings.model_validate({"flink": {"job_server": jobs, "workers": workers}})


@pytest.fixture
def compiled(tmp_path):
    """Compiles the whole pipeline over a small log, below a root folder of its own."""
    lines = [f"u{n % 7},i{n % 11},{1_700_000_000 + n * 3600}" for n in range(200)]
    (tmp_path / "log.csv").write_text("\n".join(["user_id,item_id,event_time", *lines]))

    def compile_at(name):
        from pipeline.dag import create_pipeline
        from pipeline.runners.local import compile_pipeline

        config = tmp_path / f"{name}.yaml"
        settings = {"name": "shop", "root": name, "data": {"events": {"path": "log.csv"}}}
        config.write_text(yaml.safe_dump(settings))
        (tmp_path / name).mkdir()
        return compile_pipeline(create_pipeline(load_settings(config)), name)

    return compile_at


def made(root):
    """What the nodes that use Beam have written, as far as it does not say when."""
    import tensorflow as tf
    import tensorflow_data_validation as tfdv

    artifacts = root / "artifacts"
    rows, statistics = {}, {}
    for split in (artifacts / "EventExampleGen" / "examples").glob("*/Split-*"):
        files = sorted(map(str, split.glob("*.gz")))
        rows[split.name] = sorted(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())
    for file in (artifacts / "StatisticsGen").rglob("FeatureStats.pb"):
        [dataset] = tfdv.load_stats_binary(str(file)).datasets
        statistics[file.parent.name] = {
            feature.path.step[0]: feature.num_stats.common_stats.num_non_missing
            or feature.string_stats.common_stats.num_non_missing
            for feature in dataset.features
        }
    words = {
        file.name: file.read_bytes()
        for file in (artifacts / "Transform").rglob("assets/*")
        if file.is_file()
    }
    return {"rows": rows, "statistics": statistics, "words": words}


def test_the_data_nodes_write_the_same_where_beam_runs_elsewhere(flink, compiled, tmp_path):
    from pipeline.kubeflow.beam import arguments, beam_nodes, run_elsewhere
    from pipeline.runners.node import launch_node

    here, there = compiled("here"), compiled("there")
    for node in beam_nodes(there):
        run_elsewhere(there, node, arguments(flink))
    for node in NODES:
        launch_node(here, node)
        launch_node(there, node)
    expected, found = made(tmp_path / "here"), made(tmp_path / "there")
    for kind, one in expected.items():
        assert one, kind
        assert found[kind] == one, kind
    log = (tmp_path / "workers.log").read_text()
    assert log.count("Starting worker with command") >= 3  # one for each node's job
