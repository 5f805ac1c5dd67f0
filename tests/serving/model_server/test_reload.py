"""HandleReloadConfigRequest and the watched file: real models, over real gRPC."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from serving.model_server.config_file import ConfigFileWatch
from serving.model_server.model_config import ModelConfig, read_model_config
from serving.model_server.model_set import ModelSet
from serving.model_server.servables import load_servable
from serving.model_server.server import ModelServer
from serving.model_server.versions import ModelVersions
from tests.waiting import wait_until


class Served:
    """A running server, called as a client and an operator would."""

    def __init__(self, caller, request):
        self._caller, self._request = caller, request

    def reload(self, *models):
        request = model_management_pb2.ReloadConfigRequest()
        text_format.Parse(f"model_config_list {{ {' '.join(models)} }}", request.config)
        return self._caller.model.HandleReloadConfigRequest(request, timeout=60)

    def refused(self, *models):
        with pytest.raises(grpc.RpcError) as caught:
            self.reload(*models)
        return caught.value.code().name, caught.value.details()

    def answers(self, name="recommender", **spec):
        """The version that answers, or the code of the refusal."""
        request = self._request(name)
        for field, value in spec.items():
            if field == "version":
                request.model_spec.version.value = value
            else:
                setattr(request.model_spec, field, value)
        try:
            response = self._caller.prediction.Predict(request, timeout=60)
        except grpc.RpcError as error:
            return error.code().name
        return response.model_spec.version.value

    def states(self, name="recommender", **spec):
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = name
        for field, value in spec.items():
            setattr(request.model_spec, field, value)
        status = self._caller.model.GetModelStatus(request, timeout=60).model_version_status
        return {version.version: version.state for version in status}


@pytest.fixture
def serve(base_path, call, inputs, request_for):
    """Starts a server on the base path: `serve(labels, **options)` -> (Served, ModelSet)."""
    with contextlib.ExitStack() as stack:

        def start(labels=None, **options):
            def create(config):
                return ModelVersions(
                    config.name, config.base_path, load_servable, policy=config.policy,
                    poll_seconds=0,
                )  # fmt: skip

            first = ModelConfig("recommender", base_path)
            models = ModelSet({"recommender": create(first)}, create, **options)
            server = ModelServer(models, "127.0.0.1", 0)
            port = server.start({"recommender": labels or {}})
            stack.callback(server.stop, 5)
            caller = call(f"127.0.0.1:{port}")
            served = Served(caller, lambda name: request_for(inputs(), name=name))
            return served, models

        yield start


def config(path, more="", name="recommender"):
    return f"config {{ name: '{name}' base_path: '{path}' model_platform: 'tensorflow' {more} }}"


ALL = "model_version_policy { all {} }"
STABLE_1 = "version_labels { key: 'stable' value: 1 }"
STABLE_2 = "version_labels { key: 'stable' value: 2 }"


def test_several_versions_and_labels_of_a_canary(serve, push, base_path):
    push(1)
    served, models = serve({"stable": 1})
    assert served.answers(version_label="stable") == 1
    push(2, model=2)

    # In one step the label would point to a version that is not loaded: refused, and unchanged.
    code, details = served.refused(config(base_path, f"{ALL} {STABLE_2}"))
    assert code == "FAILED_PRECONDITION"
    assert "received 2; loaded are [1]. Load it first (model_version_policy)" in details
    assert models["recommender"].available_versions == {1}

    served.reload(config(base_path, f"{ALL} {STABLE_1}"))
    assert served.states() == {1: 30, 2: 30}
    assert served.states(version_label="stable") == {1: 30}
    assert (served.answers(), served.answers(version=1)) == (2, 1)
    assert served.answers(version_label="stable") == 1

    served.reload(config(base_path, f"{ALL} {STABLE_2}"))
    assert served.answers(version_label="stable") == 2
    assert served.answers(version_label="canary") == "INVALID_ARGUMENT"


def test_a_label_for_a_version_to_come_needs_the_flag_and_a_label_in_use_still_its_version(
    serve, push, base_path
):
    push(1)
    served, _ = serve(allow_labels_for_unavailable=True)
    served.reload(config(base_path, f"{ALL} {STABLE_2}"))  # new: allowed
    assert served.answers(version_label="stable") == "NOT_FOUND"
    code, _ = served.refused(config(base_path, "version_labels { key: 'stable' value: 3 }"))
    assert code == "FAILED_PRECONDITION"  # in use: its new version must be loaded
    served.reload(config(base_path, f"{ALL} {STABLE_1}"))
    assert served.answers(version_label="stable") == 1


def test_the_whole_set_is_replaced_without_a_failed_call(serve, push, base_path, tmp_path):
    push(1)
    other = tmp_path / "other"
    shutil.copytree(base_path, other)
    served, _ = serve()
    failures = []
    stop = threading.Event()

    def hammer():
        while not stop.is_set():
            answer = served.answers()
            if answer != 1:
                failures.append(answer)

    caller = threading.Thread(target=hammer)
    caller.start()
    served.reload(config(base_path), config(other, name="other"))
    assert served.answers("other") == 1
    served.reload(config(base_path))
    stop.set()
    caller.join()
    assert failures == []
    assert served.answers("other") == "NOT_FOUND"


def test_a_bad_configuration_changes_nothing_and_says_why(serve, push, base_path, tmp_path):
    push(1)
    served, models = serve()
    empty, broken = tmp_path / "empty", tmp_path / "broken"
    empty.mkdir()
    (broken / "1").mkdir(parents=True)
    (broken / "1" / "saved_model.pb").write_bytes(b"\xff" * 100)
    for models_named, text in [
        ((), "must name at least one model, received none"),
        ((config(empty, name="new"),), f"could be loaded from {empty}: there is none"),
        ((config(base_path, name="good"), config(broken, name="new")), "version 1: OSError"),
        ((config("../secret", name="new"),), "an absolute path without '..'"),
        ((config(base_path, STABLE_2, name="new"),), "received 2; loaded are [1]"),
        ((config(empty),), f"must find a version in {empty}, which holds none"),
        (
            (config(base_path, "model_version_policy { specific { versions: 9 } }"),),
            "model_version_policy specific [9] of model 'recommender' must find a version in",
        ),
    ]:
        code, details = served.refused(*models_named)
        assert code in ("INVALID_ARGUMENT", "FAILED_PRECONDITION")
        assert text in details
    assert list(models) == ["recommender"]
    assert served.answers() == 1


@pytest.fixture
def file(tmp_path):
    return tmp_path / "models.config"


def write(file, *models):
    """In one step: a look in between must not see half of it."""
    new = file.with_suffix(".new")
    new.write_text(f"model_config_list {{ {' '.join(models)} }}")
    new.replace(file)


def refusals(caplog):
    messages = [record.getMessage() for record in caplog.records]
    return [message for message in messages if "was not applied" in message]


def test_a_file_that_changes_is_applied_and_a_bad_one_is_told_once(
    serve, push, base_path, file, caplog
):
    push(1)
    served, models = serve()
    write(file, config(base_path))
    watch = ConfigFileWatch(file, models, read_model_config(file), poll_seconds=0.05)
    watch.start()
    try:
        with caplog.at_level(logging.WARNING):
            write(file, config(base_path, STABLE_2))
            wait_until(lambda: refusals(caplog))
            time.sleep(0.3)  # several looks, all of which see the same file
        [refusal] = refusals(caplog)
        assert "received 2; loaded are [1]" in refusal
        push(2)
        models["recommender"].poll()  # now the label's version is there: applied by itself
        wait_until(lambda: served.answers(version_label="stable") == 2)
        file.unlink()
        time.sleep(0.2)
        assert served.answers(version_label="stable") == 2
    finally:
        watch.stop()
