"""Tests of `.ci/run` and of what it shares with the Makefile and the pre-commit hooks."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
STEPS = [
    "setup",
    "lint",
    "browser",
    "redis",
    "mariadb",
    "test",
    "java",
    "bench-data",
    "bench-evaluation",
    "bench-power",
]


@pytest.fixture
def ci(tmp_path):
    """Run a copy of `.ci/run` with a `make` that notes its targets and fails at one of them."""

    def run(failing="none"):
        shutil.copytree(ROOT / ".ci", tmp_path / ".ci", dirs_exist_ok=True)
        make = tmp_path / "bin" / "make"
        make.parent.mkdir(exist_ok=True)
        make.write_text(f'#!/bin/sh\nread line && exit 9\necho "made $1"\n[ "$1" != {failing} ]\n')
        make.chmod(0o755)
        result = subprocess.run(
            ["bash", ".ci/run"],
            cwd=tmp_path,
            env=os.environ | {"PATH": f"{make.parent}:{os.environ['PATH']}", "CI": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return result.returncode, re.findall(r"^made (\S+)$", result.stdout, flags=re.MULTILINE)

    return run


def test_lint_comes_before_the_tests(ci):
    assert ci() == (0, STEPS)


@pytest.mark.parametrize("failing", STEPS)
def test_a_failure_ends_the_run(ci, failing):
    code, made = ci(failing)
    assert code != 0
    assert made[-1] == failing


def test_the_hooks_are_the_checks_of_make_lint():
    makefile = (ROOT / "Makefile").read_text()
    (checks,) = re.findall(r"^lint: (.*?) ##", makefile, flags=re.MULTILINE)
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"] for hook in repository["hooks"]] == [
        f"make {check}" for check in checks.split()
    ]
