"""A base path that is watched, with servables that only remember what was done to them."""

from __future__ import annotations

from pathlib import Path

from serving.model_server.version_state import State
from serving.model_server.versions import ModelVersions


class FakeServable:
    def __init__(self, version: int, log: list[str]) -> None:
        self.version = version
        self.log = log

    def close(self) -> None:
        self.log.append(f"close {self.version}")


class World:
    """A base path, the versions that watch it, and a log of loads and closes."""

    def __init__(self, base_path: Path, **options: float) -> None:
        self.base_path = base_path
        self.log: list[str] = []
        self.broken: set[int] = set()
        self.versions = ModelVersions("toy", base_path, self._load, **options)

    def _load(self, path: Path, version: int) -> FakeServable:
        self.log.append(f"load {version}")
        if version in self.broken:
            raise OSError(f"{path.name} is broken")
        return FakeServable(version, self.log)

    def push(self, version: int, broken: bool = False) -> Path:
        if broken:
            self.broken.add(version)
        path = self.base_path / str(version)
        path.mkdir()
        (path / "saved_model.pb").write_bytes(b"x")
        return path

    def states(self) -> dict[int, State]:
        return {state.version: state.state for state in self.versions.states()}
