"""Asynchronous objects for tests that block."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any


class Waiting:
    """An object whose coroutines are called as if they were functions."""

    def __init__(self, inner: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.inner = inner
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.inner, name)
        if not inspect.iscoroutinefunction(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(value(*args, **kwargs), self._loop).result()

        return call


class InLoop(Waiting):
    """An object that is made in an event loop of its own, which runs until it is stopped."""

    def __init__(self, make: Callable[[], Any]) -> None:
        loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever)
        self._thread.start()

        async def made() -> Any:
            return make()

        super().__init__(asyncio.run_coroutine_threadsafe(made(), loop).result(), loop)

    def beside(self, other: Any) -> Waiting:
        """Another object of the same loop."""
        return Waiting(other, self._loop)

    def stop(self) -> None:
        """End the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
