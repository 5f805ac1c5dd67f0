"""The model server of a closed loop, from the first pushed version on."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil

from pipeline.errors import RunError
from serving.client import RecommenderClient
from serving.embedded import EmbeddedServer, embedded_server

_CALL_SECONDS = 60.0  # a busy machine is no reason for a fallback here
_SWAP_SECONDS = 300.0
_POLL_SECONDS = 0.2


class Served:
    """Starts the server when there is something to serve, and keeps it.

    Args:
        base_path: Folder of the versions.
        log: File for the server's output.

    Attributes:
        client: Calls the server; None as long as nothing was pushed.
    """

    def __init__(self, base_path: Path, log: Path) -> None:
        self._base_path, self._log = base_path, log
        self._stack = contextlib.ExitStack()
        self._server: EmbeddedServer | None = None
        self.client: RecommenderClient | None = None

    def swap_to(self, version: int) -> None:
        """Waits until the server answers with a version; it looks for new ones by itself.

        Raises:
            RunError: It does not come to.
        """
        if self.client is None:
            server = embedded_server(self._base_path, log_path=self._log, poll_seconds=0.5)
            self._server = self._stack.enter_context(server)
            client = RecommenderClient(self._server.address, timeout_s=_CALL_SECONDS)
            self.client = self._stack.enter_context(client)
        deadline = time.monotonic() + _SWAP_SECONDS
        while not self._serves(self.client, version):
            if time.monotonic() > deadline:
                raise RunError(
                    f"a pushed version must be served within {_SWAP_SECONDS:.0f} s. Received: none "
                    f"of version {version}. Read {self._log}."
                )
            time.sleep(_POLL_SECONDS)

    def footprint(self) -> tuple[float | None, int | None]:
        """Resident memory of the server (MB), and its open files; None as long as there is none."""
        if self._server is None:
            return None, None
        return self._server.rss_bytes() / 1e6, psutil.Process(self._server.pid).num_fds()

    def close(self) -> None:
        """Ends client and server."""
        self._stack.close()

    @staticmethod
    def _serves(client: RecommenderClient, version: int) -> bool:
        """Whether it answers with this version, and with no other."""
        return [one.version for one in client.status() if one.state == "AVAILABLE"] == [version]
