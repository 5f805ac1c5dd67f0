"""From a YAML file to `Settings`: every refusal says the rule, the value and the right key."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.gate_overrides import gates_with
from pipeline.refusals import SettingsError, explain
from pipeline.settings import Settings
from pipeline.yaml_tree import parse
from transform.reading.cache import cache_dir as cache_dir
from transform.settings import Table

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def load_settings(path: str | Path) -> Settings:
    """Reads a settings file.

    `~` and environment variables are expanded in `root` and in the data paths, which count from
    the folder of the settings file where they are relative.

    Raises:
        SettingsError: There is no such file, it is not YAML, or a key or value in it is wrong.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file cannot be read. Received: {path} ({_reason(error)}). "
            "Give the path of a YAML file; `sluice init` writes a first one."
        ) from error
    tree = parse(text, path)
    try:
        # Strict, so that a string is no number and `yes` no count; JSON, so that a list may be a
        # tuple and a string a path all the same.
        settings = Settings.model_validate_json(json.dumps(tree.value, default=str), strict=True)
    except ValidationError as error:
        raise SettingsError(explain(error, tree, path)) from error
    try:
        gates_with(settings.gates)  # which bounds there are, only the gates know
    except ValueError as error:
        raise SettingsError(f"{path}: `gates`: {error}") from error
    return _with_absolute_paths(settings, Path(os.path.abspath(path)).parent)  # noqa: PTH100


def settings_hash(settings: Settings) -> str:
    """SHA-256 of everything that determines the outcome of a run over some data.

    `root`, `workers`, `serving`, `experiments` and `kubeflow` are left out: where a run writes, how
    many processes share the work, where they run and how the model is served afterwards change
    nothing in what comes out. So is the end of the data window: each run of a schedule has its own.
    """
    left_out = {"root", "workers", "serving", "experiments", "kubeflow"}
    tree = settings.model_dump(mode="json", exclude=left_out)
    if tree["data"]["window"]:
        tree["data"]["window"]["until"] = None
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def expand_path(text: str, base: Path, key: str) -> str:
    """Expands `~` and environment variables; a relative path then counts from `base`.

    Paths with a scheme (`gs://...`) are only expanded.

    Raises:
        SettingsError: A variable is not set; `key` names the setting in the message.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name == "SLUICE_CACHE":
            return str(cache_dir())
        if name not in os.environ:
            raise SettingsError(
                f"`{key}` uses the environment variable {name}, which is not set. "
                f"Received: {text!r}. Set {name}, or write the path out."
            )
        return os.environ[name]

    expanded = _VARIABLE.sub(value_of, text)
    if "://" in expanded:
        return expanded
    return os.path.normpath(base / Path(expanded).expanduser())


def _with_absolute_paths(settings: Settings, base: Path) -> Settings:
    def table(name: str) -> Table | None:
        found: Table | None = getattr(settings.data, name)
        if found is None:
            return None
        return found.model_copy(update={"path": expand_path(found.path, base, f"data.{name}.path")})

    data: dict[str, Any] = {name: table(name) for name in ("events", "items", "users")}
    return settings.model_copy(
        update={
            "root": Path(expand_path(str(settings.root), base, "root")),
            "data": settings.data.model_copy(update=data),
        }
    )


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "not UTF-8 text"
