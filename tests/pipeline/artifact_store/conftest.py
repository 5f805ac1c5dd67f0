"""A server that speaks S3, in an environment of its own."""

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from pyarrow import fs

from benchmarks.environments import python_of
from pipeline.artifact_store.folders import ENDPOINT_VARIABLE

HERE = Path(__file__).parent
BUCKET = "shop"


class Store:
    """The server, and what it holds."""

    def __init__(self, folder, told):
        self.folder = folder
        self.url, self.key, self.secret = told["url"], told["key"], told["secret"]
        self.files = fs.S3FileSystem(
            endpoint_override=self.url, access_key=self.key, secret_key=self.secret
        )

    @property
    def keys(self):
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}

    def names(self, prefix):
        """Paths of the objects below a prefix, from there on."""
        found = self.files.get_file_info(
            fs.FileSelector(f"{BUCKET}/{prefix}", recursive=True, allow_not_found=True)
        )
        paths = [one.path for one in found if one.type == fs.FileType.File]
        return {path.removeprefix(f"{BUCKET}/{prefix}/") for path in paths}

    @contextlib.contextmanager
    def holding(self, pattern):
        """While open, whoever writes such a path waits."""
        (self.folder / "held").unlink(missing_ok=True)
        (self.folder / "hold").write_text(pattern)
        try:
            yield
        finally:
            (self.folder / "hold").unlink()

    def wait_until_held(self, process):
        wait_for(self.folder / "held", process)


def wait_for(path, process):
    deadline = time.monotonic() + 300
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    try:
        python = python_of("moto", HERE / "moto.lock")
    except RuntimeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("store")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, HERE / "s3_server.py", folder], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_for(folder / "server.json", process)
        yield Store(folder, json.loads((folder / "server.json").read_text()))
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def store(server, monkeypatch):
    """The server, known to this process by its environment."""
    for name, value in {ENDPOINT_VARIABLE: server.url, **server.keys}.items():
        monkeypatch.setenv(name, value)
    server.files.delete_dir_contents(BUCKET)
    return server
