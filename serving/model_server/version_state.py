"""The life of a version, as GetModelStatus tells it."""

from __future__ import annotations

import dataclasses
from enum import IntEnum


class State(IntEnum):
    """Life of a version; the numbers are those of TensorFlow Serving's ModelVersionStatus.State."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclasses.dataclass(frozen=True)
class VersionState:
    """State of one version; `error` is empty unless it failed to load."""

    version: int
    state: State
    error: str = ""
