"""A compiled pipeline whose root lies in a real S3, executed container by container."""

import json

import psutil
import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.artifact_store.folders import ENDPOINT_VARIABLE, MANIFEST
from pipeline.artifact_store.reading import readable
from tests.pipeline.kubeflow.conftest import Diamond

pytestmark = pytest.mark.slow
ROOT = "s3://shop/diamond"
NODES = ("Source", "Left", "Right", "Join")


@pytest.fixture(scope="module")
def stored(server, tmp_path_factory):
    """The diamond, compiled with its root in the store."""
    diamond = Diamond(tmp_path_factory.mktemp("diamond"))
    diamond.settle(
        pipeline_root=ROOT,
        containers={
            "retries": 0,
            "environment": {ENDPOINT_VARIABLE: server.url},
            "secrets": {name: {"secret": "minio", "key": name} for name in server.keys},
        },
    )
    diamond.compile()
    return diamond


def live(diamond):
    """URIs of the published artifacts."""
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(diamond.root / "metadata.sqlite")
    artifacts = metadata_store.MetadataStore(config).get_artifacts()
    return [one.uri for one in artifacts if one.state == mlmd.Artifact.LIVE]


def whole(store, node):
    """How many outputs of a node are whole in the store."""
    return sum(name.endswith(MANIFEST) for name in store.names(f"diamond/{node}"))


def process_of(node, run):
    """The process of a node."""
    found = psutil.Process(run.pid).children(recursive=True)
    [process] = [one for one in found if node in one.cmdline()]
    return process


def test_a_node_killed_in_mid_upload_leaves_nothing_and_is_repeated(stored, store):
    with store.holding("/Left/made/.*/text$"):
        run = stored.start("--json")
        store.wait_until_held(run)
        process_of("Left", run).kill()
        out, err = run.communicate(timeout=120)
    assert run.returncode == 1, out + err
    assert "Left failed: it was killed by SIGKILL" in out
    assert not [uri for uri in live(stored) if "/Left/" in uri]
    assert whole(store, "Left") == 0

    again = stored.run("--json")
    assert again.returncode == 0, again.stdout + again.stderr
    told = json.loads(again.stdout)
    assert told["nodes"]["Source"] == "cached"
    assert told["nodes"]["Left"] == told["nodes"]["Join"] == "done"
    assert stored.artifacts() == dict.fromkeys(NODES, 1)
    assert whole(store, "Left") == 1
    uris = live(stored)
    assert all(uri.startswith(f"{ROOT}/") for uri in uris)
    [left] = [uri for uri in uris if "/Left/" in uri]
    assert (readable(left) / "text").read_text() == "17-all-l"
    assert told["verdict"]["summary"] == "It says 17-all-l17-all-r."
    assert not (stored.root / "artifacts").exists()  # nothing on the volume
    logs = [log.read_text() for log in stored.root.glob("logs/*/*.log")]
    assert logs
    assert not any(store.secret in log for log in logs)


def test_wrong_keys_are_told_before_anything_is_computed(stored, store):
    done = stored.run(AWS_SECRET_ACCESS_KEY="wrong-" + store.secret)
    assert done.returncode == 1
    assert "Begin failed: the object storage of `kubeflow.pipeline_root` must let" in done.stdout
    assert "SIGNATURE_DOES_NOT_MATCH" in done.stdout
    assert "Source" not in done.stdout
