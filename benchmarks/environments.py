"""Environments of the peers: Python packages by a lock of their own, beside ours."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Cost, run
from benchmarks.results import ROOT
from pipeline.loading import cache_dir

_UV = ROOT / ".tools" / "bin" / "uv"


@dataclass(frozen=True)
class Environment:
    """The environment of a peer that runs as a side of a benchmark.

    Attributes:
        name: What to call it.
        lock: Its packages, with hashes.
        packages: Those that are measured.
    """

    name: str
    lock: Path
    packages: tuple[str, ...]

    def command(self, module: str, *arguments: str | Path) -> list[str | Path]:
        """The command that runs a module of ours in it; makes the environment first.

        Raises:
            RuntimeError: If the packages cannot be had.
        """
        return [python_of(self.name, self.lock), "-m", module, *arguments]

    def variables(self, **more: str) -> dict[str, str]:
        """Environment variables of the peer: our sources on the path, and others."""
        return {"PYTHONPATH": str(ROOT), **more}

    def run_module(self, module: str, *arguments: object, said: Path, **variables: str) -> Cost:
        """Runs a module of ours in it as a side; its log lies beside its report.

        Args:
            module: Its name.
            arguments: What it is told before `said`.
            said: The file it leaves its report in.
            variables: Environment variables to add.

        Raises:
            RuntimeError: If the packages cannot be had.
            SideError: If it fails; the message ends with the end of its log.
        """
        command = self.command(module, *map(str, arguments), said)
        return run(command, said.with_suffix(".log"), said, self.variables(**variables))

    def versions(self) -> dict[str, str]:
        """Versions of what is measured, as the lock pins them."""
        return pinned(self.lock, *self.packages)


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
