"""TensorFlow Serving's own program, where there is one, in place of the embedded server."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from serving.model_server.options import Options

NAME = "tensorflow_model_server"
_OURS = ("host", "max_in_flight_calls", "drain_seconds")


def find() -> str | None:
    """Path of the program, if it is on the PATH."""
    return shutil.which(NAME)


def command(program: str, options: Options) -> list[str]:
    """The command line that makes the program serve as the embedded server would.

    What it has no flag for is left out: it listens on every interface, and it refuses calls beyond
    `grpc_max_threads`.
    """
    default = Options()
    given = {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(options)
        if field.name not in _OURS and getattr(options, field.name) != getattr(default, field.name)
    }
    if options.model_base_path is not None:
        given["model_name"] = options.model_name  # its own default is another
    given["enable_grpc_healthcheck_service"] = options.enable_grpc_healthcheck_service
    return [program, *(f"--{name}={_text(value)}" for name, value in given.items())]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Path):  # a relative base path is refused there
        return str(value.resolve())
    if isinstance(value, float):  # whole seconds there
        return str(max(1, round(value)) if value else 0)
    return str(value)
