"""ModelService: GetModelStatus and HandleReloadConfigRequest."""

from __future__ import annotations

import logging

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from serving.model_server.errors import RequestError, not_found
from serving.model_server.model_config import from_proto
from serving.model_server.model_lookup import find_model, find_version
from serving.model_server.model_set import ModelSet

logger = logging.getLogger(__name__)


class ModelService:
    """Tells the state of the models it is given, and replaces them.

    Args:
        models: The models that are served.
    """

    def __init__(self, models: ModelSet) -> None:
        self._models = models

    def status(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """The response to a status request.

        Raises:
            RequestError: NOT_FOUND when the model, the version or any version is unknown.
        """
        model = find_model(self._models, request.model_spec)
        states = model.states()
        version = find_version(model, request.model_spec)
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

    def reload(
        self, request: model_management_pb2.ReloadConfigRequest
    ) -> model_management_pb2.ReloadConfigResponse:
        """The response to a new configuration, once it is in force.

        Raises:
            RequestError: INVALID_ARGUMENT or FAILED_PRECONDITION; nothing has changed.
        """
        try:
            self._models.reload(from_proto(request.config))
        except RequestError as error:
            logger.warning("a new configuration was refused: %s", error.message)
            raise
        response = model_management_pb2.ReloadConfigResponse()
        response.status.SetInParent()  # OK
        return response
