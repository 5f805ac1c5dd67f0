"""The set-up scripts' functions, called one at a time."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shell():
    """Run a line of bash with the scripts' functions loaded; gives the completed process."""

    def run(line: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        loaded = "set -euo pipefail; source scripts/common.sh; source scripts/modern_runtime.sh; "
        return subprocess.run(
            ["bash", "-c", loaded + line, "bash", *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run
