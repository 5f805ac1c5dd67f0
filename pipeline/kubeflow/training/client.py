"""The part of Kubernetes' API that a training needs, on plain objects.

Jobs and TFJobs are handled alike, so objects are the JSON that the API speaks and not the client
library's classes, of which there are none for TFJobs.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from pipeline.errors import RunError
from pipeline.kubeflow.training.retrying import patiently, told

JOBS = "apis/batch/v1/namespaces/{}/jobs"
TF_JOBS = "apis/kubeflow.org/v1/namespaces/{}/tfjobs"
SERVICES = "api/v1/namespaces/{}/services"
PODS = "api/v1/namespaces/{}/pods"

_PATIENCE_SECONDS = 300.0
_TIMEOUT_SECONDS = (5.0, 30.0)  # to connect, to answer
_LOG_SECONDS = 20.0
_MISSING, _CONFLICT = 404, 409
_WHOLE = {"propagationPolicy": "Foreground"}  # an object is gone when all that it made is gone

logger = logging.getLogger(__name__)


def connected() -> client.ApiClient:
    """A client of this cluster: the one that KUBECONFIG names, else the one this pod runs in.

    Raises:
        RunError: There is neither.
    """
    configuration = client.Configuration()
    try:
        if "KUBECONFIG" in os.environ:
            config.load_kube_config(os.environ["KUBECONFIG"], client_configuration=configuration)
        else:
            config.load_incluster_config(client_configuration=configuration)
    except (ConfigException, OSError) as error:
        raise RunError(
            "a node that trains in pods of their own runs in a pod itself, with a service account. "
            f"Received: {error}. Leave the account's token mounted, or delete "
            "`kubeflow.training` from the settings and compile again."
        ) from error
    configuration.retries = False  # they are ours, and take longer than the library's
    return client.ApiClient(configuration)


class Api:
    """Objects of one namespace."""

    def __init__(
        self,
        api_client: client.ApiClient,
        namespace: str,
        *,
        patience: float = _PATIENCE_SECONDS,
        pause: float = 1.0,
    ) -> None:
        """Takes a client.

        Args:
            api_client: The library's.
            namespace: Where all objects are.
            patience: Seconds for which an absent server is asked again.
            pause: Seconds between two looks at an object, at least.
        """
        self._client = api_client
        self._namespace = namespace
        self._patience = patience
        self._pause = pause

    def create(self, resource: str, manifest: Mapping[str, Any]) -> bool:
        """Creates an object; False where one of its name is there already.

        An answer may get lost: the object that is there may be the one of this call.
        """
        return self._answer("POST", resource, body=manifest) is not None

    def read(
        self, resource: str, name: str, *, patience: float | None = None
    ) -> dict[str, Any] | None:
        """The object; None where there is none."""
        found: dict[str, Any] | None = self._answer("GET", resource, name, patience=patience)
        return found

    def delete(
        self, resource: str, name: str, uid: str | None = None, *, patience: float | None = None
    ) -> None:
        """Asks to delete an object with all that it made; it may take a while to be gone.

        Args:
            resource: Its resource.
            name: Its name.
            uid: Its unique id: another object of this name stays.
            patience: Seconds for which an absent server is asked again.
        """
        whole = {} if resource == SERVICES else _WHOLE  # nobody waits for what a service made
        body = whole | ({"preconditions": {"uid": uid}} if uid else {})
        self._answer("DELETE", resource, name, body=body, patience=patience)

    def pods(self, selector: str) -> list[dict[str, Any]]:
        """The pods with some labels."""
        found = self._answer("GET", PODS, query={"labelSelector": selector})
        items: list[dict[str, Any]] = found["items"] if found else []
        return items

    def log(self, pod: str, lines: int) -> str:
        """The end of what a pod wrote; a word in its place where it cannot be had.

        A log is a courtesy: a machine that is gone must not cost the training.
        """
        path = f"{PODS.format(self._namespace)}/{pod}/log"
        query = {"tailLines": str(lines)}

        def read() -> str:
            return str(self._request("GET", path, query).data.decode(errors="replace"))

        try:
            return patiently(f"read the log of {pod}", read, min(_LOG_SECONDS, self._patience))
        except (ApiException, RunError) as error:
            why = told(error) if isinstance(error, ApiException) else error
            return f"(no log: {why})\n"

    def wait_for_change(self, resource: str, known: Mapping[str, Any], seconds: float) -> None:
        """Returns once an object may have changed: at its next event, or after some time.

        A watch that cannot be had or gets lost only ends the wait: whoever looks at the object
        afterwards sees its state, not its events.
        """
        began = time.monotonic()
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={known['metadata']['name']}",
            "resourceVersion": known["metadata"]["resourceVersion"],
            "timeoutSeconds": str(max(1, round(seconds))),
        }
        path = resource.format(self._namespace)
        try:
            response = self._request("GET", path, query, timeout=(5.0, seconds + 5.0))
            try:
                next(response.stream(), None)
            finally:
                response.close()
                response.release_conn()
        except (ApiException, HTTPError) as error:
            logger.info("the watch of %s was lost: %s", path, told(error))
        time.sleep(max(0.0, began + self._pause - time.monotonic()))

    def _answer(
        self,
        method: str,
        resource: str,
        name: str = "",
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        patience: float | None = None,
    ) -> Any:
        """The answer; None where there is no such object or, on creation, one already."""
        path = "/".join(filter(None, [resource.format(self._namespace), name]))
        what = f"{method} {path}"

        def ask() -> Any:
            return json.loads(self._request(method, path, query or {}, body).data)

        try:
            return patiently(what, ask, self._patience if patience is None else patience)
        except ApiException as error:
            if error.status == _CONFLICT or (error.status == _MISSING and name):
                return None
            raise RunError(_refusal(what, error)) from error

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any = None,
        *,
        timeout: tuple[float, float] = _TIMEOUT_SECONDS,
    ) -> Any:
        return self._client.call_api(
            f"/{path}",
            method,
            query_params=list(query.items()),
            header_params={"Accept": "*/*", "Content-Type": "application/json"},
            body=body,
            _preload_content=False,
            auth_settings=["BearerToken"],
            _return_http_data_only=True,
            _request_timeout=timeout,
        )


def _refusal(what: str, error: ApiException) -> str:
    try:
        message = json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        message = error.reason
    remedy = {
        401: "See that the pod's service account exists and its token is mounted.",
        403: "Apply what `sluice compile --permissions FILE` writes, and let runs use the account "
        "that it names (`kubeflow.training.service_account`).",
        404: "See that the kind is installed in the cluster (`kubeflow.training.kind`).",
    }.get(error.status, "Correct `kubeflow.training` in the settings and compile again.")
    return (
        f"Kubernetes' API must accept what the training needs. Received: {error.status} to {what}: "
        f"{message}. {remedy}"
    )
