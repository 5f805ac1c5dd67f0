"""Calls that are surely in flight, however slow the machine is."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from serving.model_server.servables import Servable, load_servable


class Gate:
    """Holds the calls of a model inside the server until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self._begun = threading.Semaphore(0)

    def load(self, path: Path, version: int) -> Servable:
        """Loads a version whose calls are held."""
        servable = load_servable(path, version)
        compute = servable.compute

        def held(*arguments: Any) -> Any:
            self._begun.release()
            assert self.opened.wait(60)
            return compute(*arguments)

        servable.compute = held  # type: ignore[method-assign]
        return servable

    def another_call_begins(self, within: float) -> bool:
        """Whether a further call comes inside within some seconds."""
        return self._begun.acquire(timeout=within)

    def wait_for_calls(self, count: int) -> None:
        """Until so many more calls are inside."""
        for _ in range(count):
            assert self._begun.acquire(timeout=60)
