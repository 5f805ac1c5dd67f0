"""Ends a server with the process that started it, killed or not: nobody else knows of it."""

from __future__ import annotations

import os
import threading
import time

PARENT_VARIABLE = "SLUICE_MODEL_SERVER_PARENT"
_POLL_SECONDS = 1.0


def end_with_parent() -> None:
    """From now on this process ends once the one that `PARENT_VARIABLE` names is gone."""
    if parent := os.environ.get(PARENT_VARIABLE):
        threading.Thread(target=_watch, args=(int(parent),), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os._exit(1)
