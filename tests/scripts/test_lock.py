"""`make lock`: what is resolved, and for which Python."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
UV = """#!/bin/sh
while [ "$1" != --python-version ]; do shift; done
for last; do :; done
echo "$2 $last"
"""


def test_the_interpreter_that_is_named_is_not_what_is_resolved_for(tmp_path):
    uv = tmp_path / ".tools" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(UV)
    uv.chmod(0o755)
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    shutil.copy(ROOT / "scripts" / "lock.sh", scripts)
    (scripts / "setup.sh").touch()
    done = subprocess.run(
        ["bash", str(scripts / "lock.sh")],
        env=os.environ | {"PYTHON": "/opt/python3.11"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    resolved = dict(reversed(line.split()) for line in done.stdout.splitlines())
    assert resolved.pop("benchmarks/ope/obp.in") == "3.10"
    assert resolved["requirements.in"] == "3.11"
    assert set(resolved.values()) == {"3.11"}
