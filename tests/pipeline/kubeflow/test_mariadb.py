"""ML Metadata in a real MariaDB: a compiled pipeline run on it, and the server going down."""

import json

import pytest
from ml_metadata import metadata_store

from benchmarks.kubeflow import mariadb
from pipeline.errors import RunError
from pipeline.kubeflow.metadata import PASSWORD_VARIABLE, connection_of
from pipeline.kubeflow.settings import MetadataSettings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not mariadb.programs(), reason="needs MariaDB's server: scripts/install_mariadb.sh"
    ),
]


def store(server, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, mariadb.PASSWORD)
    settings = MetadataSettings.model_validate(server.settings)
    return metadata_store.MetadataStore(connection_of(settings))


def test_a_compiled_pipeline_keeps_its_metadata_there(diamond, server, monkeypatch):
    diamond.settle(metadata=server.settings, containers={"retries": 0})
    diamond.order(Left="meet", Right="meet")  # so that two write to the database at a time
    compiled = diamond.compile().read_text()
    secret = {PASSWORD_VARIABLE: mariadb.PASSWORD}
    first = diamond.run("--json", "--parallel", "2", **secret)
    assert first.returncode == 0, first.stderr
    second = diamond.run("--json", **secret)
    nodes = json.loads(second.stdout)["nodes"]
    assert [nodes[name] for name in ("Source", "Left", "Right", "Join")] == ["cached"] * 4

    artifacts = store(server, monkeypatch).get_artifacts()
    assert len([one for one in artifacts if one.uri.startswith(str(diamond.root))]) == 4
    assert not (diamond.root / "metadata.sqlite").exists()
    logs = [log.read_text() for log in diamond.root.glob("logs/*/*.log")]
    assert len(logs) == 12
    told = [compiled, first.stdout, first.stderr, *logs]
    assert not any(mariadb.PASSWORD in text for text in told)


def test_a_run_without_the_password_is_refused(diamond, server):
    diamond.settle(metadata=server.settings)
    diamond.compile()
    done = diamond.run()
    assert done.returncode == 1
    assert f"no {PASSWORD_VARIABLE} (there: sluice-mysql/password)" in done.stderr


def test_a_server_that_is_down_is_said_so(server, monkeypatch):
    assert store(server, monkeypatch).get_artifact_types() is not None
    server.stop()
    try:
        with pytest.raises(RunError, match=f"127.0.0.1:{server.port}: Connection refused"):
            store(server, monkeypatch)
    finally:
        server.start()
    store(server, monkeypatch)
