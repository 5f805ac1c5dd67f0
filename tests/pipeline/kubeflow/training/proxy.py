"""What stands between a client and the API server: permissions, schemas, and faults on the wire."""

import dataclasses
import http.client
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.pipeline.deployment.kubernetes_schema import SchemaError, check

_PATH = re.compile(r"/(?:api|apis/([\w.]+))/\w+/namespaces/[\w-]+/(\w+)(?:/([\w.-]+)(/log)?)?")
_MODELS = {"jobs": "V1Job", "services": "V1Service"}


@dataclasses.dataclass
class Fault:
    """What happens to the next requests of a method whose path ends in some way.

    Attributes:
        method: `GET`, `POST`, `DELETE` or `WATCH`.
        resource: `jobs`, `services`, `pods`.
        act: What happens in the place of the answer.
        times: To how many.
        before: Is called first.
    """

    method: str
    resource: str
    act: Callable
    times: int = 1
    before: Callable = lambda: None


class Proxy:
    """An API server's address; everything that goes over it is seen, and may be spoilt."""

    def __init__(self, upstream, rules):
        self.upstream = urlsplit(upstream).netloc
        self.rules = rules
        self.faults = []
        self.asked = []
        self.used = set()
        self.problems = []
        self._port = 0
        self.up()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def up(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _Handler)
        self._server.daemon_threads = True
        self._server.proxy = self
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self):
        self._server.shutdown()
        self._server.server_close()

    def fault(self, method, resource):
        for fault in self.faults:
            if fault.method == method and fault.resource == resource and fault.times:
                fault.times -= 1
                return fault
        return None

    def allows(self, verb, group, resource):
        """Whether the role holds this; notes what of it was needed."""
        for rule in self.rules:
            known = group in rule["apiGroups"] and resource in rule["resources"]
            if known and verb in rule["verbs"]:
                self.used.add((group, resource, verb))
                return True
        return False


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self._handle()

    def do_POST(self):
        self._handle()

    def do_DELETE(self):
        self._handle()

    def _handle(self):
        proxy = self.server.proxy
        url = urlsplit(self.path)
        group, resource, name, log = _PATH.fullmatch(url.path).groups()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        verb = self.command.lower().replace("post", "create")
        if verb == "get" and not name:
            verb = "watch" if "watch" in parse_qs(url.query) else "list"
        method = "WATCH" if verb == "watch" else self.command
        proxy.asked.append((method, resource))
        if not proxy.allows(verb, group or "", resource + (log or "")):
            return refuse(403)(self, lambda: None)
        if verb == "create" and resource in _MODELS:
            try:
                check(json.loads(body), _MODELS[resource])
            except SchemaError as error:
                proxy.problems.append(str(error))
        fault = proxy.fault(method, resource)
        if fault:
            fault.before()
            return fault.act(self, lambda: self._forward(body))
        return self._send(*self._forward(body))

    def _forward(self, body):
        """Asks the real server: status and body."""
        upstream = http.client.HTTPConnection(self.server.proxy.upstream, timeout=60)
        try:
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            return answer.status, answer.read()
        finally:
            upstream.close()

    def _send(self, status, body, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        pass


def refuse(status, **headers):
    """An answer of the server's own: 429, 500."""

    def act(handler, forward):
        handler._send(status, json.dumps({"message": f"no: {status}"}).encode(), **headers)

    return act


def lose_request(handler, forward):
    """The connection ends before the server has heard anything."""
    handler.close_connection = True


def lose_answer(handler, forward):
    """The server does what it is asked, and the answer never arrives."""
    forward()
    handler.close_connection = True


def cut(handler, forward):
    """The answer begins and breaks off."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"type"')
    handler.close_connection = True
