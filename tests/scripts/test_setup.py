"""Tests of `scripts/setup.sh`: what is done anew when, and what is never touched.

The steps that take minutes (environment, packages, project, check) are replaced by ones that only
say their name; everything around them is the script's own.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

STEPS = f"""
source scripts/setup.sh
get_tools() {{ echo tools; }}
make_environment() {{ echo environment; rm -rf "$VENV"; mkdir -p "$VENV/bin"; touch "$OURS"
  ln -s {sys.executable} "$VENV/bin/python"; }}
install_packages() {{ echo packages; }}
install_project() {{ echo project; }}
check_environment() {{ echo check; }}
"""
EVERYTHING = ["environment", "packages", "project", "check"]


@pytest.fixture
def clone(tmp_path):
    """A folder with what set-up reads."""
    clone = tmp_path / "clone"
    clone.mkdir()
    shutil.copytree(ROOT / "scripts", clone / "scripts")
    for name in ("requirements.lock", "setup.py"):
        shutil.copy(ROOT / name, clone / name)
    return clone


def start(clone, change=""):
    return subprocess.Popen(
        ["bash", "-c", f"{STEPS}\n{change}\nmain"],
        cwd=clone,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def set_up(clone, change=""):
    """Run it; gives the steps it took, its exit code and its error stream."""
    process = start(clone, change)
    output, errors = process.communicate(timeout=60)
    steps = [line for line in output.splitlines() if line in {*EVERYTHING, "tools"}]
    return steps, process.returncode, errors


def test_a_fresh_clone_gets_everything_and_a_second_call_does_nothing(clone):
    assert set_up(clone) == (EVERYTHING, 0, "")
    assert set_up(clone) == ([], 0, "")


@pytest.mark.parametrize(
    ("changed", "steps"),
    [
        ("requirements.lock", ["tools", "packages", "project", "check"]),
        ("setup.py", ["tools", "project"]),
        ("scripts/setup.sh", EVERYTHING),
        ("scripts/modern_runtime.sh", EVERYTHING),
        ("scripts/tools.lock", EVERYTHING),
    ],
)
def test_a_change_brings_only_its_own_steps(clone, changed, steps):
    set_up(clone)
    with (clone / changed).open("a") as file:
        file.write("# changed\n")
    assert set_up(clone)[0] == steps
    assert set_up(clone)[0] == []


@pytest.mark.parametrize("step", ["make_environment", "install_packages", "install_project"])
def test_a_set_up_that_was_broken_off_starts_over(clone, step):
    steps, code, _ = set_up(clone, f"{step}() {{ exit 7; }}")
    assert code == 7
    assert steps == EVERYTHING[: len(steps)]
    assert set_up(clone)[0] == EVERYTHING


def test_a_broken_off_change_of_the_lock_starts_over(clone):
    set_up(clone)
    with (clone / "requirements.lock").open("a") as file:
        file.write("# changed\n")
    assert set_up(clone, "install_packages() { exit 7; }")[1] == 7
    assert set_up(clone)[0] == EVERYTHING


def test_a_moved_clone_gets_a_new_environment(clone):
    set_up(clone)
    moved = clone.rename(clone.with_name("moved"))
    assert set_up(moved)[0] == EVERYTHING


def test_an_environment_whose_python_is_gone_is_made_anew(clone):
    set_up(clone)
    (clone / ".venv/bin/python").unlink()
    assert set_up(clone)[0] == EVERYTHING


def test_an_environment_made_by_somebody_else_is_not_replaced(clone):
    (clone / ".venv").mkdir()
    (clone / ".venv/precious").touch()
    steps, code, errors = set_up(clone)
    assert (steps, code) == ([], 1)
    assert "was not made by this script, so it is not replaced" in errors
    assert "Move it away" in errors
    assert (clone / ".venv/precious").exists()


def test_the_tools_alone_leave_the_environment_as_it_is(clone):
    set_up(clone)
    stamp = (clone / ".venv/.set-up-of").read_bytes()
    line = f"{STEPS}\nchoose_python() {{ BASE_PYTHON=python3; }}\nmain tools"
    result = subprocess.run(["bash", "-c", line], cwd=clone, capture_output=True, text=True)
    assert result.returncode == 0
    assert "tools" in result.stdout
    assert "environment" not in result.stdout
    assert (clone / ".venv/.set-up-of").read_bytes() == stamp


def test_two_calls_at_once_wait_for_each_other(clone):
    slow = "install_packages() { echo packages; sleep 1; }"
    calls = [start(clone, slow), start(clone, slow)]
    outputs = [call.communicate(timeout=60)[0] for call in calls]
    assert [call.returncode for call in calls] == [0, 0]
    working, waiting = sorted(outputs, key=len, reverse=True)
    assert "Ready after" in working
    assert waiting == "Another set-up of this clone is running; waiting for it.\n"


def test_without_python_and_network_the_error_says_how(clone):
    line = (
        "source scripts/setup.sh; "
        "find_python() { echo '/x/python3 is CPython 3.13.0' >\"$1\"; return 1; }; "
        'get_tools() { mkdir -p "$TOOLS/bin"; ln -sf /bin/false "$TOOLS/bin/uv"; }; choose_python'
    )
    result = subprocess.run(["bash", "-c", line], cwd=clone, capture_output=True, text=True)
    assert result.returncode == 1
    assert "Python 3.11 is needed" in result.stderr
    assert "apt-get install python3.11" in result.stderr
    assert "make setup PYTHON=/path/to/python3.11" in result.stderr
    assert "/x/python3 is CPython 3.13.0" in result.stderr


def test_every_process_of_the_environment_gets_keras_2():
    # -I ignores the caller's variables' PYTHON*, and the empty environment brings nothing else.
    line = "import os; print(os.environ.get('TF_USE_LEGACY_KERAS'))"
    result = subprocess.run(
        [sys.executable, "-I", "-c", line], env={}, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "1"


def test_the_scripts_are_free_of_shellcheck_findings():
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed here")
    result = subprocess.run(
        ["shellcheck", *map(str, sorted((ROOT / "scripts").glob("*.sh"))), str(ROOT / ".ci/run")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.stdout == ""
