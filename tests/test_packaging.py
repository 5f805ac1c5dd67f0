"""Tests of the lock files and of what is packaged."""

import re
import runpy
import subprocess
from pathlib import Path

import pytest
import setuptools

ROOT = Path(__file__).parents[1]
LOCKS = ["requirements.lock", "scripts/tools.lock", "serving_config/images/gpu.lock"]


@pytest.mark.parametrize("lock", LOCKS)
def test_each_locked_package_has_one_version_and_hashes(lock):
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    packages = [entry for entry in entries if not entry.startswith("#")]
    assert packages
    for package in packages:
        assert re.match(r"[a-z0-9._\-\[\]]+==\S+ \\\n", package), package
        assert "--hash=sha256:" in package, package


@pytest.mark.parametrize("lock", LOCKS)
def test_no_index_is_written_into_a_lock(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_what_is_asked_for_is_locked():
    names = re.findall(r"^([A-Za-z0-9_.\-]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    locked = (ROOT / "requirements.lock").read_text().lower()
    missing = [name for name in names if f"\n{name.lower().replace('_', '-')}==" not in locked]
    assert missing == []


@pytest.fixture
def metadata(monkeypatch):
    """What setup.py gives to setuptools."""
    given = {}
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(setuptools, "setup", given.update)
    runpy.run_path(str(ROOT / "setup.py"))
    return given


def test_each_of_our_packages_is_packaged(metadata):
    packages = set(metadata["packages"])
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} <= packages
    assert not {name.split(".")[0] for name in packages} & {"tests", "notebooks", "scripts"}


def test_each_file_that_lies_beside_the_code_is_packaged(metadata):
    packaged = {
        path
        for package, patterns in metadata["package_data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    tops = {name.split(".")[0] for name in metadata["packages"]}
    tracked = subprocess.run(
        ["git", "ls-files", *tops], cwd=ROOT, capture_output=True, text=True, check=True
    )
    data = {ROOT / line for line in tracked.stdout.splitlines() if not line.endswith(".py")}
    assert data - packaged == set()


def test_the_client_asks_for_little_and_for_nothing_that_is_not_locked(metadata):
    extras = metadata["extras_require"]
    assert extras["client"] == ["grpcio", "numpy", "protobuf"]  # tests/serving/test_thin_import.py
    assert extras["client-redis"] == [*extras["client"], "redis"]
    locked = (ROOT / "requirements.lock").read_text()
    assert all(f"\n{name}==" in locked for name in extras["client-redis"])


def test_the_command_and_the_python_it_needs(metadata):
    assert metadata["python_requires"] == ">=3.11,<3.12"
    assert metadata["entry_points"]["console_scripts"] == ["sluice = pipeline.cli:main"]
