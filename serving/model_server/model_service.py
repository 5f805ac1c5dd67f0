"""ModelService: GetModelStatus."""

from __future__ import annotations

from typing import Any, NoReturn

import grpc
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
)

from serving.model_server.errors import answer, not_found, unimplemented
from serving.model_server.prediction_service import Models, find_model, pinned_version


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Tells the state of the models it is given.

    Args:
        models: Model name -> its versions.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    def GetModelStatus(
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """State of every version of a model, newest first, with the error of a failed load."""
        return answer(self.status, request, context)

    def HandleReloadConfigRequest(
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        """Not offered."""
        return answer(_refuse_reload, request, context)

    def status(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """The response to a status request.

        Raises:
            RequestError: NOT_FOUND when the model, the version or any version is unknown.
        """
        model = find_model(self._models, request)
        states = model.states()
        version = pinned_version(request.model_spec)
        if version is not None:
            states = [state for state in states if state.version == version]
        if not states:
            asked = "any versions" if version is None else f"version {version}"
            raise not_found(
                f"Could not find {asked} of model {model.model_name!r} under {model.base_path}"
            )
        response = get_model_status_pb2.GetModelStatusResponse()
        for state in states:
            answered = response.model_version_status.add(version=state.version, state=state.state)
            answered.status.error_code = grpc.StatusCode.UNKNOWN.value[0] if state.error else 0
            answered.status.error_message = state.error
        return response


def _refuse_reload(request: Any) -> NoReturn:
    raise unimplemented(
        "HandleReloadConfigRequest is not offered by this server: it serves the one model it was "
        "started with. Restart it with another --model_base_path"
    )
