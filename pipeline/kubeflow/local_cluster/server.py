"""Kubernetes' API over HTTP, for Jobs, Services and pods of one namespace."""

from __future__ import annotations

import hmac
import json
import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pipeline.kubeflow.local_cluster.objects import ConflictError, MissingError, Object, Objects

_PATH = re.compile(
    r"/(?:api|apis/[\w.]+)/\w+/namespaces/(?P<namespace>[\w-]+)/(?P<resource>[a-z]+)"
    r"(?:/(?P<name>[\w.-]+)(?P<log>/log)?)?"
)

logger = logging.getLogger(__name__)


class Server(ThreadingHTTPServer):
    """The server; it answers those who know its token."""

    daemon_threads = True

    def __init__(
        self,
        objects: Objects,
        token: str,
        created: Callable[[str, Object], None],
        log_of: Callable[[str, int], str],
    ) -> None:
        """Listens on a free port of this machine.

        Args:
            objects: The objects.
            token: What a caller must bear.
            created: Is called with a resource and a new object; may refuse it.
            log_of: The last lines of a pod.
        """
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects = objects
        self.token = token
        self.created = created
        self.log_of = log_of


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def do_DELETE(self) -> None:
        self._answer(self._delete)

    def _answer(self, work: Callable[[dict[str, str | None], dict[str, str], Any], None]) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        bearer = self.headers.get("Authorization", "")
        found = _PATH.fullmatch(url.path)
        if not hmac.compare_digest(bearer.encode(), f"Bearer {self.server.token}".encode()):
            self._refuse(HTTPStatus.UNAUTHORIZED, "Unauthorized", "who are you?")
        elif found is None:
            self._refuse(HTTPStatus.NOT_FOUND, "NotFound", f"nothing is served at {url.path}")
        else:
            query = {key: values[-1] for key, values in parse_qs(url.query).items()}
            try:
                work(found.groupdict(), query, json.loads(body) if body else None)
            except MissingError as error:
                self._refuse(HTTPStatus.NOT_FOUND, "NotFound", str(error.args[0]))
            except ConflictError as error:
                self._refuse(HTTPStatus.CONFLICT, "AlreadyExists", str(error))
            except (KeyError, ValueError, OSError) as error:
                self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", str(error))

    def _get(self, path: dict[str, str | None], query: dict[str, str], _: Any) -> None:
        objects, resource = self.server.objects, str(path["resource"])
        if path["log"]:
            lines = int(query.get("tailLines", 100))
            self._send(HTTPStatus.OK, self.server.log_of(str(path["name"]), lines).encode())
        elif path["name"]:
            self._send_json(HTTPStatus.OK, objects.read(resource, path["name"]))
        elif query.get("watch") == "true":
            self._watch(resource, query)
        else:
            pairs = [pair.partition("=") for pair in query.get("labelSelector", "").split(",")]
            labels = {key: value for key, sign, value in pairs if sign}
            found = objects.with_labels(resource, labels)
            self._send_json(HTTPStatus.OK, {"kind": "List", "items": found})

    def _watch(self, resource: str, query: dict[str, str]) -> None:
        """Sends the next event of one object and closes, as a server may at any time."""
        objects = self.server.objects
        name = query["fieldSelector"].removeprefix("metadata.name=")
        version, seconds = query["resourceVersion"], float(query["timeoutSeconds"])
        objects.wait_for_change(resource, name, version, seconds)
        try:
            event = {"type": "MODIFIED", "object": objects.read(resource, name)}
        except MissingError:
            event = {"type": "DELETED", "object": {"metadata": {"name": name}}}
        self._send_json(HTTPStatus.OK, event)

    def _post(self, path: dict[str, str | None], query: dict[str, str], body: Any) -> None:
        resource = str(path["resource"])
        body["metadata"]["namespace"] = path["namespace"]
        made = self.server.objects.create(resource, body)
        try:
            self.server.created(resource, made)
        except BaseException:
            self.server.objects.remove(resource, made["metadata"]["name"])
            raise
        self._send_json(HTTPStatus.CREATED, made)

    def _delete(self, path: dict[str, str | None], query: dict[str, str], body: Any) -> None:
        objects, resource, name = self.server.objects, str(path["resource"]), str(path["name"])
        found = objects.read(resource, name)
        wanted = (body or {}).get("preconditions", {}).get("uid", found["metadata"]["uid"])
        if wanted != found["metadata"]["uid"]:
            raise ConflictError(f"{resource} {name!r} is another object than {wanted}")
        if resource == "jobs":  # its thread removes it, once its pods are gone
            objects.change(resource, name, lambda one: one["metadata"].update(_DELETED))
        else:
            objects.remove(resource, name)
        self._send_json(HTTPStatus.OK, found)

    def _refuse(self, status: HTTPStatus, reason: str, message: str) -> None:
        told = {"kind": "Status", "status": "Failure", "reason": reason, "message": message}
        self._send_json(status, told | {"apiVersion": "v1", "code": int(status)})

    def _send_json(self, status: HTTPStatus, value: Any) -> None:
        self._send(status, json.dumps(value).encode() + b"\n")

    def _send(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        logger.debug(format, *arguments)


_DELETED = {"deletionTimestamp": "now"}
