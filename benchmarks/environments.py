"""Environments of the peers: Python packages by a lock of their own, beside ours."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.loading import cache_dir

_UV = Path(__file__).resolve().parents[1] / ".tools" / "bin" / "uv"


def python_of(name: str, lock: Path) -> Path:
    """The interpreter of an environment, which is made anew where its lock has changed.

    Args:
        name: What to call it.
        lock: Its packages, with hashes.

    Raises:
        RuntimeError: If the packages cannot be had.
    """
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = cache_dir() / "benchmarks" / f"{name}-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            base = Path(sys.base_prefix, "bin", "python3.11")
            _call(name, "venv", "--quiet", "--python", base, folder)
            python = folder / "bin" / "python"
            _call(name, "pip", "sync", "--quiet", "--python", python, "--require-hashes", lock)
            (folder / "complete").touch()
    return folder / "bin" / "python"


def pinned(lock: Path, *packages: str) -> dict[str, str]:
    """`package (peer)` -> the version that a lock pins."""
    versions = dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), flags=re.MULTILINE))
    return {f"{name} (peer)": versions[name] for name in packages}


def _call(name: str, *arguments: str | Path) -> None:
    command = [str(_UV), *map(str, arguments)]
    # The variables of the environment that runs this would be taken for the new one's.
    variables = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    call = subprocess.run(command, capture_output=True, text=True, env=variables)
    if call.returncode:
        raise RuntimeError(
            f"The peer {name} needs an environment of its own. Received from "
            f"`{' '.join(command)}`: {call.stderr.strip()[-1000:]}. "
            "Check that the package index can be reached."
        )
