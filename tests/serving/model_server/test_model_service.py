"""GetModelStatus over real gRPC, and its texts from versions in every state."""

from __future__ import annotations

import grpc
import pytest
from tensorflow_serving.apis import get_model_status_pb2

from serving.model_server.errors import RequestError
from serving.model_server.model_service import ModelService
from serving.model_server.model_set import ModelSet
from serving.model_server.version_state import State
from serving.model_server.versions import ModelVersions

PROTO_STATE = get_model_status_pb2.ModelVersionStatus.State


def status_request(name: str = "recommender", version: int | None = None):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    return request


def test_our_states_are_those_of_the_proto():
    assert {state.name: int(state) for state in State} == {
        name: number for name, number in PROTO_STATE.items() if name != "UNKNOWN"
    }


def test_an_available_version_is_told(caller):
    (status,) = caller.status().model_version_status
    assert (status.version, status.state) == (7, PROTO_STATE.Value("AVAILABLE"))
    assert (status.status.error_code, status.status.error_message) == (0, "")


@pytest.fixture
def service(base_path):
    """A status service on a model whose version 2 is broken and whose version 1 is served."""

    class Fake:
        def close(self) -> None:
            pass

    def load(path, version):
        if version == 2:
            raise OSError("cut short")
        return Fake()

    for version in (1, 2):
        (base_path / str(version)).mkdir()
        (base_path / str(version) / "saved_model.pb").write_bytes(b"x")
    model = ModelVersions("recommender", base_path, load)
    model.poll()
    return ModelService(ModelSet({"recommender": model}))


def test_a_failed_load_is_told_with_its_reason(service):
    broken, served = service.status(status_request()).model_version_status
    assert (broken.version, broken.state) == (2, PROTO_STATE.Value("END"))
    assert broken.status.error_code == 2  # UNKNOWN
    assert broken.status.error_message == "OSError: cut short"
    assert (served.version, served.state) == (1, PROTO_STATE.Value("AVAILABLE"))


def test_one_version_can_be_asked_for(service):
    (status,) = service.status(status_request(version=1)).model_version_status
    assert status.version == 1
    with pytest.raises(RequestError, match="Could not find version 9 of model 'recommender'"):
        service.status(status_request(version=9))


def test_a_model_without_versions_is_not_found(base_path):
    model = ModelVersions("recommender", base_path, lambda p, v: None)
    service = ModelService(ModelSet({"recommender": model}))
    with pytest.raises(RequestError, match="Could not find any versions") as caught:
        service.status(status_request())
    assert caught.value.code is grpc.StatusCode.NOT_FOUND
    with pytest.raises(RequestError, match=r"model 'other'. Known: \['recommender'\]"):
        service.status(status_request("other"))
