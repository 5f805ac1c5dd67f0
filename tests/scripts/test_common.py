"""Tests of `scripts/common.sh`: the checks of the machine and what their messages say."""

import stat
import sys

import pytest


@pytest.mark.parametrize(
    ("have", "wanted", "enough"),
    [
        ("2.36", "2.39", False),
        ("2.39", "2.39", True),
        ("2.41", "2.39", True),
        ("2.4", "2.39", False),
        ("3.0", "2.39", True),
    ],
)
def test_versions_are_compared_as_numbers(shell, have, wanted, enough):
    assert (shell('version_at_least "$1" "$2"', have, wanted).returncode == 0) is enough


@pytest.mark.parametrize(
    ("system", "machine", "library", "accepted"),
    [
        ("Linux", "x86_64", "glibc 2.36", True),
        ("Linux", "aarch64", "glibc 2.36", False),
        ("Darwin", "x86_64", "another C library", False),
        ("Linux", "x86_64", "another C library", False),
    ],
)
def test_only_machines_with_wheels_are_accepted(shell, system, machine, library, accepted):
    result = shell('require_platform "$1" "$2" "$3"', system, machine, library)
    assert (result.returncode == 0) is accepted
    if not accepted:
        assert "Linux on x86_64 with glibc only" in result.stderr
        assert f"this is {system} on {machine} with {library}" in result.stderr


def df_reporting(folder, kibibytes):
    """A folder to put first in PATH, whose `df` reports that much free space."""
    folder.mkdir()
    df = folder / "df"
    df.write_text(f"#!/bin/sh\necho Filesystem etc.\necho none 0 0 {kibibytes} 0% /\n")
    df.chmod(df.stat().st_mode | stat.S_IXUSR)
    return folder


def test_too_little_disk_is_refused_with_both_numbers(shell, tmp_path):
    folder = df_reporting(tmp_path / "bin", 5_800_000)  # 5.9 GB
    result = shell('PATH=$1:$PATH; require_disk /somewhere "$NEEDED_GB"', folder)
    assert result.returncode == 1
    assert "needs 6 GB of free disk, and only 5 GB are free where /somewhere lies" in result.stderr
    assert "Free some space" in result.stderr


def test_enough_disk_is_accepted(shell, tmp_path):
    folder = df_reporting(tmp_path / "bin", 5_860_000)  # just above 6 GB
    assert shell('PATH=$1:$PATH; require_disk / "$NEEDED_GB"', folder).returncode == 0


@pytest.mark.parametrize(
    ("output", "kind", "advice"),
    [
        ("error: No space left on device (os error 28)", "disk", "disk is full"),
        ("error: Hash mismatch for `numpy`", "hash", "not the one that was locked"),
        ("cause: dns error: failed to lookup address", "network", "could not be reached"),
        ("W: Failed to fetch Temporary failure resolving", "network", "could not be reached"),
        ("Failed to build x\n cause: tunnel error", "network", "could not be reached"),
        ("fatal error: Python.h: No such file or directory", "compiler", "g++ python3.11-dev"),
        ("g++: fatal error: cannot execute 'cc1plus'", "compiler", "g++ python3.11-dev"),
        ("error: command '/usr/bin/g++' failed with exit code 1", "compiler", "g++"),
        ("something quite different", "other", "whole output is in"),
    ],
)
def test_failures_are_explained_by_their_cause(shell, tmp_path, output, kind, advice):
    log = tmp_path / "log"
    log.write_text(output + "\n")
    assert shell('failure_kind "$1"', log).stdout.strip() == kind
    result = shell('die_of "Installing the packages" "$1"', log)
    assert result.returncode == 1
    assert "set-up: error: Installing the packages failed." in result.stderr
    assert advice in result.stderr
    assert output.splitlines()[-1] in result.stderr  # the log's own words are shown


def test_an_error_ends_an_open_progress_line(shell):
    result = shell('step packages "installing"; die "no" "do this"')
    assert result.stdout == "  packages  installing ... failed\n"
    assert result.stderr == "\nset-up: error: no\n  do this\n"


# ------------------------------------------------------------------ the search for Python 3.11


def fake_python(path, answer, code=0):
    """A program in the place of an interpreter that gives this answer when it is inspected."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = "1" if code == 0 else "2"
    path.write_text(f"#!/bin/sh\necho '{answer}' >&{stream}\nexit {code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def find(shell, tmp_path):
    """Search with only the given places; gives what is found and what was looked at."""

    def search(*places, **environment):
        looked_at = tmp_path / "looked-at"
        line = (
            'looked_at=$1; shift; places=("$@"); '
            'python_candidates() { printf "%s\\n" "${places[@]}"; }; '
            'find_python "$looked_at"'
        )
        result = shell(line, looked_at, *places, **environment)
        return result.stdout.strip(), looked_at.read_text()

    return search


def test_the_first_usable_python_is_taken(find, tmp_path):
    old = fake_python(tmp_path / "a/python3", "is CPython 3.9.2", code=1)
    good = fake_python(tmp_path / "b/python3.11", "/real/python3.11 with-headers")
    later = fake_python(tmp_path / "c/python3.11", "/other/python3.11 with-headers")
    found, looked_at = find(old, good, later)
    assert found == "/real/python3.11 with-headers"
    assert looked_at == f"{old} is CPython 3.9.2\n"


def test_a_python_with_headers_goes_before_one_without(find, tmp_path):
    bare = fake_python(tmp_path / "a/python3.11", "/bare/python3.11 no-headers")
    good = fake_python(tmp_path / "b/python3.11", "/full/python3.11 with-headers")
    assert find(bare, good)[0] == "/full/python3.11 with-headers"
    assert find(bare)[0] == "/bare/python3.11 no-headers"


def test_nothing_is_found_where_there_is_nothing(find, tmp_path):
    broken = fake_python(tmp_path / "python3.11", "was built without ssl", code=1)
    found, looked_at = find(broken, tmp_path / "missing")
    assert found == ""
    assert "was built without ssl" in looked_at


def test_a_real_interpreter_is_inspected(shell):
    result = shell('inspect_python "$1"', sys.executable)
    path, headers = result.stdout.split()
    assert path.startswith("/")
    assert not path.startswith(sys.prefix)  # the one behind the environment, not the environment's
    assert headers in {"with-headers", "no-headers"}


def test_places_are_searched_in_order(shell, tmp_path):
    on_path = fake_python(tmp_path / "bin/python3.11", "x")
    pyenv_old = fake_python(tmp_path / "pyenv/versions/3.11.2/bin/python3.11", "x")
    pyenv_new = fake_python(tmp_path / "pyenv/versions/3.11.10/bin/python3.11", "x")
    fake_python(tmp_path / "pyenv/versions/3.12.1/bin/python3.12", "x")
    managed = fake_python(tmp_path / "uv/cpython-3.11.9-linux/bin/python3.11", "x")
    named = fake_python(tmp_path / "named/my-python", "x")
    result = shell(
        "PATH=$1:$PATH; python_candidates",
        on_path.parent,
        PYTHON=str(named),
        PYENV_ROOT=str(tmp_path / "pyenv"),
        UV_PYTHON_INSTALL_DIR=str(tmp_path / "uv"),
    )
    ours = [line for line in result.stdout.splitlines() if line.startswith(str(tmp_path))]
    assert ours == [str(p) for p in (named, on_path, pyenv_new, pyenv_old, managed)]
