"""Stands for Kubeflow Pipelines' API server: version v2beta1, over HTTP, all of it in memory."""

from __future__ import annotations

import contextlib
import email
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ROOT = "/apis/v2beta1"


class KubeflowApi:
    """What the server knows, and the rules by which it answers."""

    def __init__(self, token="", multi_user=False):
        self.token = token
        self.multi_user = multi_user
        self.kept = {
            kind: [] for kind in ("pipelines", "versions", "experiments", "runs", "recurringruns")
        }
        self.uploads = []
        self.refuses = {}  # (method, path) -> status

    def answer(self, method, path, query, authorization, body):
        """Status and answer for a request."""
        if self.token and authorization != f"Bearer {self.token}":
            return 401, {"message": "Unauthenticated: who is it?"}
        if status := self.refuses.get((method, path)):
            return status, {"error_message": f"no {method} of {path}"}
        if path == "/healthz":
            return 200, {"multi_user": self.multi_user}
        if path.startswith("/pipelines/upload"):
            return 200, self._upload(path, query, body)
        if found := re.fullmatch(r"/pipelines/(.+)/versions", path):
            mine = [v for v in self.kept["versions"] if v["pipeline_id"] == found[1]]
            return 200, self._listed("pipeline_versions", mine, query)
        kind, _, identity = path.strip("/").partition("/")
        if method == "GET":
            names = {"recurringruns": "recurringRuns"}
            return 200, self._listed(names.get(kind, kind), self.kept[kind], query)
        if method == "DELETE":
            key = "recurring_run_id"
            self.kept[kind] = [one for one in self.kept[kind] if one[key] != identity]
            return 200, {}
        ids = {"experiments": "experiment_id", "runs": "run_id"}
        return 200, self._keep(kind, ids.get(kind, "recurring_run_id"), json.loads(body))

    def _upload(self, path, query, body):
        self.uploads.append(body)
        name = query["name"][0]
        if path.endswith("_version"):
            made = {"display_name": name, "pipeline_id": query["pipelineid"][0]}
            return self._keep("versions", "pipeline_version_id", made)
        made = {"display_name": name, "namespace": query.get("namespace", [""])[0]}
        return self._keep("pipelines", "pipeline_id", made)

    def _keep(self, kind, key, made):
        self.kept[kind].append(made | {key: f"{kind}-{len(self.kept[kind]) + 1}"})
        return self.kept[kind][-1]

    def _listed(self, name, values, query):
        for predicate in json.loads(query.get("filter", ['{"predicates": []}'])[0])["predicates"]:
            assert predicate["operation"] in ("EQUALS", 1)  # by its name or its number
            values = [one for one in values if one[predicate["key"]] == predicate["stringValue"]]
        if "experiment_id" in query:
            values = [one for one in values if one["experiment_id"] == query["experiment_id"][0]]
        if "namespace" in query:
            [space] = query["namespace"]
            values = [one for one in values if one.get("namespace", "") == space]
        return {name: values} if values else {}


def _handler(api):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get_content_type() == "multipart/form-data":
                head = f"Content-Type: {self.headers['Content-Type']}\n\n".encode()
                [part] = email.message_from_bytes(head + body).get_payload()
                body = part.get_payload(decode=True)
            assert url.path.startswith(ROOT), url.path
            path, query = url.path.removeprefix(ROOT), parse_qs(url.query)
            status, told = api.answer(
                self.command, path, query, self.headers.get("Authorization"), body
            )
            text = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self):
            self.do_GET()

        def do_DELETE(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    return Handler


@contextlib.contextmanager
def serving(api):
    """Serves on a port of this machine; gives the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(api)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
