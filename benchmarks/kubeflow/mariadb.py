"""A MariaDB server of one's own: its own port and data, as a user without privileges."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.distribution import free_ports

PASSWORD = "open-sesame"  # noqa: S105 -- of a server that only this process reaches
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
_START_SECONDS = 60


def programs() -> tuple[str, str] | None:
    """Paths of the server and of what makes its first tables; None where they are missing."""
    names = ("mariadbd", "mariadb-install-db", "my_print_defaults")  # the second calls the third
    server, install, defaults = (shutil.which(name, path=_PATH) for name in names)
    return (server, install) if server and install and defaults else None


def _programs() -> tuple[str, str]:
    found = programs()
    if found is None:
        raise FileNotFoundError(
            "MariaDB's server is needed. Received: none on PATH. Run make mariadb."
        )
    return found


class MariaDb:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The `kubeflow.metadata` section for it."""
        password = {"secret": "sluice-mysql", "key": "password"}
        server = {"host": "127.0.0.1", "port": self.port, "database": "mlmd", "user": "sluice"}
        return {"mysql": {**server, "password": password}}

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        server, _ = _programs()
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
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"MariaDB must answer within {_START_SECONDS} s. Received: {log}"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """Stops it."""
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=60)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False


@contextlib.contextmanager
def running() -> Iterator[MariaDb]:
    """A server with a user `sluice` who may make the database `mlmd`, and one who may read it."""
    _, install = _programs()
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
        server = MariaDb(folder, *free_ports(1))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _as_user() -> list[str]:
    return ["--user=nobody"] if os.geteuid() == 0 else []
