"""What a figure was measured on: facts about the machine, none of which names it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil


def machine() -> dict[str, str | int | float]:
    """Processor, cores, memory, kernel and distribution."""
    return {
        "cpu": _field(Path("/proc/cpuinfo"), "model name", ":") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "os": _field(Path("/etc/os-release"), "PRETTY_NAME", "=") or "unknown",
        "libc": " ".join(platform.libc_ver()),
    }


def _field(file: Path, name: str, separator: str) -> str:
    """The first value of a field in a file of `name SEPARATOR value` lines; "" without one."""
    if not file.is_file():
        return ""
    for line in file.read_text().splitlines():
        key, _, value = line.partition(separator)
        if key.strip() == name:
            return value.strip().strip('"')
    return ""
