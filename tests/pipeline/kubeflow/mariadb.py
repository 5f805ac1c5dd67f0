"""A MariaDB server of a test's own: its own port and data, as a user without privileges."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PASSWORD = "open-sesame"
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
_START_SECONDS = 60


def programs():
    """Paths of the server and of what makes its first tables; None where they are missing."""
    names = ("mariadbd", "mariadb-install-db", "my_print_defaults")  # the second calls the third
    found = [shutil.which(name, path=_PATH) for name in names]
    return found[:2] if all(found) else None


class MariaDb:
    """A server that can be stopped and started again."""

    def __init__(self, folder, port):
        self.folder = folder
        self.port = port
        self._process = None

    @property
    def settings(self):
        """The `kubeflow.metadata` section for it."""
        password = {"secret": "sluice-mysql", "key": "password"}
        server = {"host": "127.0.0.1", "port": self.port, "database": "mlmd", "user": "sluice"}
        return {"mysql": {**server, "password": password}}

    def start(self):
        server, _ = programs()
        self._process = subprocess.Popen(
            [
                *(server, "--no-defaults", *_as_user(), f"--datadir={self.folder / 'data'}"),
                *(f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve"),
                *(f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}"),
                *(f"--init-file={self.folder / 'init.sql'}", f"--tmpdir={self.folder}"),
            ],
            stdout=(self.folder / "log").open("ab"),
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            log = (self.folder / "log").read_text()
            assert self._process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.1)

    def stop(self):
        self._process.terminate()
        self._process.wait(timeout=60)

    def _answers(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False


@contextlib.contextmanager
def running():
    """A server with a user `sluice` who may make the database `mlmd`, and one who may read it."""
    _, install = programs()
    # Not below pytest's folders: those are closed to the user that the server runs as.
    with tempfile.TemporaryDirectory(prefix="mariadb-") as made:
        folder = Path(made)
        folder.joinpath("init.sql").write_text(
            f"CREATE USER IF NOT EXISTS sluice@'%' IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON mlmd.* TO sluice@'%';\n"
            f"CREATE USER IF NOT EXISTS analyst@'%' IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT SELECT ON mlmd.* TO analyst@'%';\n"
        )
        (folder / "data").mkdir()
        if _as_user():
            for path in (folder, folder / "data", folder / "init.sql"):
                shutil.chown(path, "nobody")
        subprocess.run(
            [
                *(install, "--no-defaults", *_as_user(), f"--datadir={folder / 'data'}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
                f"--tmpdir={folder}",
            ],
            check=True,
            capture_output=True,
        )
        server = MariaDb(folder, _free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _as_user():
    return ["--user=nobody"] if os.geteuid() == 0 else []


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
