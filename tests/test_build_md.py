"""BUILD.md keeps its word: each of its commands is run, as it stands there.

The commands run in this clone. Two of them would do more than a test may:

- the commands that run the test suite would run this file again, so inside the suite pytest is told
  to collect the tests only (`SUITE_COLLECTS_ONLY`);
- `make lock` may rewrite the lock files, so they are put back afterwards.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = sorted(
    lock
    for folder in ("", "scripts", "serving_config/**", "benchmarks/**", "tests/**")
    for lock in ROOT.glob(f"{folder}/*.lock".lstrip("/"))
)
SUITE_COLLECTS_ONLY = {"PYTEST_ADDOPTS": "--collect-only --quiet -p no:cacheprovider"}


def commands_of(markdown: str) -> list[str]:
    """The fenced bash blocks of a page, in order."""
    return re.findall(r"^```bash\n(.*?)^```$", markdown, flags=re.MULTILINE | re.DOTALL)


COMMANDS = commands_of((ROOT / "BUILD.md").read_text())


@pytest.fixture
def locks_put_back():
    """Give the lock files back as they were."""
    before = [lock.read_bytes() for lock in LOCKS]
    yield
    for lock, content in zip(LOCKS, before, strict=True):
        if lock.read_bytes() != content:
            lock.write_bytes(content)


def test_blocks_are_found_and_other_languages_are_not():
    page = "```bash\nfirst\n```\ntext\n```python\nno\n```\n```bash\nsecond\nthird\n```\n"
    assert commands_of(page) == ["first\n", "second\nthird\n"]


def test_the_page_names_the_commands_of_its_subjects():
    page = "".join(COMMANDS)
    for command in ("make setup", "make lock", "make lint", "make test\n", "pip wheel"):
        assert command in page


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.splitlines()[0][:40])
def test_command_runs(command, locks_put_back):
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=ROOT,
        env=os.environ | SUITE_COLLECTS_ONLY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
