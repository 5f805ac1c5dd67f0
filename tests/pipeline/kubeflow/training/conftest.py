"""A cluster whose pods are processes, an API behind a proxy, and a launcher that uses both."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.kubeflow.local_cluster.cluster import LocalCluster, kubeconfig
from pipeline.kubeflow.processes import Machine
from pipeline.kubeflow.settings import ClusterTraining, ContainerSettings, Volume
from pipeline.kubeflow.surroundings import Volumes
from pipeline.kubeflow.training.client import Api, connected
from pipeline.kubeflow.training.launcher import Pods, Starter
from pipeline.kubeflow.training.permissions import permissions
from pipeline.kubeflow.training.plan import Plan
from tests import waiting
from tests.pipeline.kubeflow.training.proxy import Proxy
from tests.trainer.jobs import job
from trainer.distribution import run_workers, trained_by

IMAGE = Path(__file__).parent / "image"
NODE = Path(__file__).parent / "node_process.py"
PROJECT = Path(__file__).parents[4]


class Training:
    """One training on a cluster: what its workers are ordered to do, and what they did."""

    def __init__(self, folder, api, cluster, proxy, plan):
        self.folder, self.cluster, self.proxy, self.plan = folder, cluster, proxy, plan
        self.api = api
        self.run_dir = folder / "run"
        self.run_dir.mkdir()
        self.job = job(folder, model="ranker")
        self.order()

    def order(self, **orders):
        """Tells workers what to do: `order(w1="fail")`."""
        told = {key.removeprefix("w"): value for key, value in orders.items()}
        (self.run_dir / "orders.json").write_text(json.dumps(told))

    def pods(self, **changes):
        """The launcher, with settings of its pods changed."""
        own = self.plan.pods.model_copy(update=changes)
        plan = self.plan.model_copy(update={"pods": own})
        starter = Starter("node-pod", "node-uid", "here")
        return Pods(plan, "ranker-shop-1", "shop", starter, self.api)

    def train(self, **changes):
        with trained_by(self.pods(**changes)):
            run_workers(self.job, workers=99)

    def start_node(self, *hanging):
        """A process that trains as a node's container does; returns once its workers hang."""
        self.order(**dict.fromkeys(hanging, "hang"))
        (self.folder / "job.json").write_text(self.job.model_dump_json())
        (self.folder / "plan.json").write_text(self.plan.model_dump_json())
        environment = os.environ | {"PYTHONPATH": str(PROJECT)}
        process = subprocess.Popen([sys.executable, str(NODE), str(self.folder)], env=environment)
        until(lambda: len(self.running()) == len(hanging))
        return process

    def lines(self, name):
        path = self.run_dir / name
        return path.read_text().splitlines() if path.exists() else []

    def began(self, index):
        """How often a worker was started."""
        return len([line for line in self.lines("began") if line.startswith(f"{index} ")])

    def running(self):
        """Worker processes of this training that run."""
        pids = [int(line.split()[1]) for line in self.lines("began")]
        return [pid for pid in pids if _runs(pid)]

    def objects(self):
        """Everything that is in the cluster: pairs of resource and name."""
        return sorted(self.cluster.objects._objects)


until = functools.partial(waiting.wait_until, seconds=120.0)


@pytest.fixture
def plan():
    return Plan(
        workers=2,
        kind="Job",
        image="shop/sluice:1",
        volumes=(Volume(claim="shop", path="/sluice"),),
        pods=ContainerSettings(retries=1),
    )


@pytest.fixture
def role():
    return permissions(ClusterTraining(workers=2))[1]["rules"]


@pytest.fixture
def definitions():
    """Custom resources that the cluster keeps."""
    return []


@pytest.fixture
def training(tmp_path, monkeypatch, plan, role, definitions):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(IMAGE), str(PROJECT)]))
    machine = Machine(Volumes({}), {}, tmp_path / "logs", 1)
    with LocalCluster(machine, definitions) as cluster:
        proxy = Proxy(cluster.url, role)
        token = json.loads(cluster.kubeconfig.read_text())["users"][0]["user"]["token"]
        config = tmp_path / "kubeconfig"
        config.write_text(json.dumps(kubeconfig(proxy.url, token)))
        monkeypatch.setenv("KUBECONFIG", str(config))
        api = Api(connected(), "here", patience=20.0, pause=0.05)
        yield Training(tmp_path, api, cluster, proxy, plan)
        proxy.down()
        assert proxy.problems == []


def _runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
