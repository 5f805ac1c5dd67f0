"""The user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """Where downloaded data sets lie: $SLUICE_CACHE, else `sluice` in the user's cache folder."""
    if chosen := os.environ.get("SLUICE_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "sluice"
