"""The folder of a benchmark run: the model that is served, and servers of it."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import run
from benchmarks.serving.load import Caller
from serving.embedded import EmbeddedServer, embedded_server

# As it is deployed.
BATCHING = Path(__file__).resolve().parents[2] / "serving_config" / "batching.txtpb"


@dataclass(frozen=True)
class Workshop:
    """Where everything of a run lies.

    Attributes:
        folder: Models, plans, calls and logs.
        items: Of the catalogue.
    """

    folder: Path
    items: int

    @property
    def _home(self) -> Path:
        return self.folder / str(self.items)

    @property
    def model(self) -> Path:
        """The SavedModel."""
        return self._home / "model"

    @property
    def requests(self) -> Path:
        """The requests of all loads."""
        return self._home / "requests.npz"

    def prepare(self) -> None:
        """Writes the model, unless it is there."""
        if self._home.exists():
            return
        draft = self.folder / f".{self.items}.part"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        module = "benchmarks.serving.model_side"
        command: list[str | Path] = [sys.executable, "-m", module, draft, str(self.items)]
        run(command, draft / "model.log", draft / "said.json")
        draft.rename(self._home)

    def fresh(self, name: str) -> Path:
        """An empty folder."""
        folder = self._home / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    @contextlib.contextmanager
    def server(self, name: str) -> Iterator[tuple[Caller, EmbeddedServer]]:
        """A server of the model, with the batching of the deployment, and who asks it."""
        folder = self.fresh(name)
        versions = folder / "versions"
        versions.mkdir()
        (versions / "1").symlink_to(self.model.resolve())
        with self.serving(versions, folder) as served:
            yield served

    @contextlib.contextmanager
    def serving(self, versions: Path, folder: Path) -> Iterator[tuple[Caller, EmbeddedServer]]:
        """A server of a folder of versions, and who asks it."""
        flags = ["--enable_batching", f"--batching_parameters_file={BATCHING}"]
        with embedded_server(versions, log_path=folder / "server.log", flags=flags) as server:
            yield Caller(server.address, self.requests, folder), server
