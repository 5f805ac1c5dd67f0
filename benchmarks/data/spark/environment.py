"""The PySpark peer's own environment: Python packages by a lock of their own, and Java."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from benchmarks.environments import Environment

ENVIRONMENT = Environment("spark", Path(__file__).parents[1] / "spark.lock", ("pyspark", "pyarrow"))
_OLDEST_JAVA = 17


def spark_command(*arguments: str | Path) -> list[str | Path]:
    """The command that runs the peer; makes what it needs first.

    Raises:
        RuntimeError: If Java or the packages cannot be had.
    """
    _require_java()
    return ENVIRONMENT.command("benchmarks.data.spark", *arguments)


def spark_variables() -> dict[str, str]:
    """Environment variables of the peer: our sources on the path, and one network interface."""
    return ENVIRONMENT.variables(SPARK_LOCAL_IP="127.0.0.1")


def spark_versions() -> dict[str, str]:
    """Versions of the peer, as its lock pins them, and of Java."""
    return {**ENVIRONMENT.versions(), "java (peer)": str(_java_version())}


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
