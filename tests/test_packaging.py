"""Tests of the lock files and of what is packaged."""

import re
import runpy
from pathlib import Path

import pytest
import setuptools

ROOT = Path(__file__).parents[1]
LOCKS = ["requirements.lock", "scripts/tools.lock"]


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


def test_our_packages_and_their_data_are_packaged(monkeypatch):
    given = {}
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(setuptools, "setup", given.update)
    runpy.run_path(str(ROOT / "setup.py"))
    packages = set(given["packages"])
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders <= packages
    assert not {name.split(".")[0] for name in packages} & {"tests", "notebooks", "scripts"}
    assert given["package_data"]["pipeline"] == ["configs/*.yaml"]
    assert given["python_requires"] == ">=3.11,<3.12"
    assert given["entry_points"]["console_scripts"] == ["sluice = pipeline.cli:main"]
