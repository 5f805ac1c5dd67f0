"""The PySpark peer's own environment: Python packages by a lock of their own, and Java."""

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

_ROOT = Path(__file__).resolve().parents[3]
_LOCK = _ROOT / "benchmarks" / "data" / "spark.lock"
_UV = _ROOT / ".tools" / "bin" / "uv"
_OLDEST_JAVA = 17


def spark_command(*arguments: str | Path) -> list[str | Path]:
    """The command that runs the peer; makes what it needs first.

    Raises:
        RuntimeError: If Java or the packages cannot be had.
    """
    _require_java()
    return [_python(), "-m", "benchmarks.data.spark", *arguments]


def spark_variables() -> dict[str, str]:
    """Environment variables of the peer: our sources on the path, and one network interface."""
    return {"PYTHONPATH": str(_ROOT), "SPARK_LOCAL_IP": "127.0.0.1"}


def spark_versions() -> dict[str, str]:
    """Versions of the peer, as its lock pins them, and of Java."""
    pinned = re.findall(r"^(pyspark|pyarrow)==(\S+)", _LOCK.read_text(), flags=re.MULTILINE)
    versions = {f"{name} (peer)": version for name, version in pinned}
    return {**versions, "java (peer)": str(_java_version())}


def _python() -> Path:
    """The interpreter of the environment, which is made anew where the lock has changed."""
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]
    folder = cache_dir() / "benchmarks" / f"spark-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / ".spark.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            base = Path(sys.base_prefix, "bin", "python3.11")
            _call("venv", "--quiet", "--python", base, folder)
            python = folder / "bin" / "python"
            _call("pip", "sync", "--quiet", "--python", python, "--require-hashes", _LOCK)
            (folder / "complete").touch()
    return folder / "bin" / "python"


def _call(*arguments: str | Path) -> None:
    command = [str(_UV), *map(str, arguments)]
    # The variables of the environment that runs this would be taken for the new one's.
    variables = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    call = subprocess.run(command, capture_output=True, text=True, env=variables)
    if call.returncode:
        raise RuntimeError(
            "The PySpark peer needs an environment of its own. Received from "
            f"`{' '.join(command)}`: {call.stderr.strip()[-1000:]}. "
            "Check that the package index can be reached."
        )


def _require_java() -> None:
    version = _java_version()
    if version < _OLDEST_JAVA:
        found = f"Java {version}" if version else "no Java"
        raise RuntimeError(
            f"PySpark 4 needs Java {_OLDEST_JAVA} or newer on PATH. Received: {found}. "
            "Run `make java`, or install a Java runtime by other means."
        )


def _java_version() -> int:
    """Major version of the Java on PATH; 0 without one."""
    if shutil.which("java") is None:
        return 0
    told = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    match = re.search(r'version "(\d+)', told)
    return int(match[1]) if match else 0
