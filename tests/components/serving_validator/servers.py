"""Servers that a test has started."""

from __future__ import annotations

from pathlib import Path

import psutil


def kill_server_of(folder: Path) -> psutil.Process:
    """Kills the server of the versions in a folder; it may still have to be waited for."""
    [server] = [
        child
        for child in psutil.Process().children()
        if f"--model_base_path={folder}" in child.cmdline()
    ]
    server.kill()
    return server
