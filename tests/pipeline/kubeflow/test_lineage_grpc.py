"""What the verbs that look back read from ML Metadata's own gRPC interface, and tell it."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf import message_factory
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from ml_metadata.proto import metadata_store_service_pb2 as service_pb2
from ml_metadata.proto import metadata_store_service_pb2_grpc as service_grpc

from components.pusher.manifest import MANIFEST_FILE, Manifest
from pipeline.commands.status import gather
from pipeline.erasure.erase import erase_person
from pipeline.event_stream import StreamPlace
from serving.stream import erasure
from tests.pipeline.conftest import Shop


class _Service(service_grpc.MetadataStoreServiceServicer):
    """Hands every call on to a store in memory."""


def _serve(store, method):
    response = message_factory.GetMessageClass(method.output_type)

    def answer(self, request, context):
        given = response()
        store._call_method(method.name, request, given)
        return given

    return answer


@pytest.fixture
def port():
    config = mlmd.ConnectionConfig()
    config.fake_database.SetInParent()
    store = metadata_store.MetadataStore(config)
    for method in service_pb2.DESCRIPTOR.services_by_name["MetadataStoreService"].methods:
        setattr(_Service, method.name, _serve(store, method))
    server = grpc.server(ThreadPoolExecutor(1))
    service_grpc.add_MetadataStoreServiceServicer_to_server(_Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None)


def test_status_reads_a_grpc_server(port, tmp_path):
    shop = Shop(tmp_path, {"grpc": {"host": "127.0.0.1", "port": port}})
    shop.judged("one", blessed=True, pushed=3)
    told = gather(shop.settings)
    [run] = told["runs"]
    assert (run["run_id"], run["state"], run["pushed_version"]) == ("one", "done", 3)
    assert told["running"] is False


def test_a_grpc_server_is_told_which_rows_an_erasure_removed(port, tmp_path, monkeypatch):
    monkeypatch.setattr(erasure, "_PAUSE_SECONDS", 0.0)
    shop = Shop(tmp_path, {"grpc": {"host": "127.0.0.1", "port": port}})
    rows = shop.root / "artifacts" / "EventExampleGen" / "examples" / "1"
    rows.mkdir(parents=True)
    (rows / "data").write_bytes(b"customer-17")
    done = mlmd.Execution.COMPLETE
    shop.run("one", {"EventExampleGen": (done, "Examples", rows, "")})
    shop.judged("one", blessed=True, pushed=1)
    (shop.version(1) / MANIFEST_FILE).write_text(Manifest(1, {}).text())
    came = erase_person(StreamPlace(shop.settings, None, 8), None, "customer-17")
    assert (came.versions, came.is_proven, rows.exists()) == ((1,), True, False)
    [state] = [one.state for one in shop.store.get_artifacts() if one.uri == str(rows)]
    assert state == mlmd.Artifact.DELETED
