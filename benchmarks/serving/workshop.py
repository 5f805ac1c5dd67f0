"""The folder of a benchmark run: the model that is served, and servers of it."""

from __future__ import annotations

import contextlib
import functools
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kept import edition_folder
from benchmarks.processes import CORES, run
from benchmarks.results import commit
from benchmarks.serving.load import Caller
from pipeline.deployment.server import batching
from pipeline.deployment.settings import ServingSettings
from serving.embedded import EmbeddedServer, embedded_server

_MODEL_SIDE = Path(__file__).with_name("model_side.py")


@dataclass(frozen=True)
class Workshop:
    """Where everything of a run lies.

    Attributes:
        folder: Models, plans, calls and logs.
        items: Of the catalogue.
    """

    folder: Path
    items: int

    @functools.cached_property
    def _home(self) -> Path:
        return edition_folder(self.folder, str(self.items), _MODEL_SIDE)

    @property
    def _served(self) -> Path:
        return self._home / "served"

    @property
    def model(self) -> Path:
        """The SavedModel."""
        return self._served / "model"

    @property
    def requests(self) -> Path:
        """The requests of all loads."""
        return self._served / "requests.npz"

    @property
    def batching(self) -> Path:
        """How requests are joined: as the product renders it for a server with these cores."""
        return self._home / "batching.txtpb"

    def rows_of(self, measure: str) -> Path:
        """Where the rows of a measure are kept; another commit has others."""
        return self._home / f"rows-{commit()}" / f"{measure}.json"

    def prepare(self) -> None:
        """Writes the model, unless this code has written it before, and the batching."""
        self.batching.write_text(batching(ServingSettings(cpus=CORES)))
        if self._served.exists():
            return
        draft = self._home / ".served.part"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        module = "benchmarks.serving.model_side"
        command: list[str | Path] = [sys.executable, "-m", module, draft, str(self.items)]
        run(command, draft / "model.log", draft / "said.json")
        draft.rename(self._served)

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
        flags = ["--enable_batching", f"--batching_parameters_file={self.batching}"]
        with embedded_server(versions, log_path=folder / "server.log", flags=flags) as server:
            yield Caller(server.address, self.requests, folder), server
