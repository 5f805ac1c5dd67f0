"""Tests of the code fingerprint."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from components.fingerprint import code_fingerprint


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "fingerprinted"
    (root / "inner").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "inner" / "module.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield root
    sys.modules.pop("fingerprinted", None)


def fingerprint() -> str:
    code_fingerprint.cache_clear()
    return code_fingerprint("fingerprinted")


def test_it_changes_with_one_byte_of_code_and_back(package: Path) -> None:
    before = fingerprint()
    (package / "inner" / "module.py").write_text("A = 2\n")
    assert fingerprint() != before
    (package / "inner" / "module.py").write_text("A = 1\n")
    assert fingerprint() == before


def test_it_changes_with_a_file_s_name(package: Path) -> None:
    before = fingerprint()
    (package / "inner" / "module.py").rename(package / "inner" / "other.py")
    assert fingerprint() != before


def test_it_changes_with_a_template(package: Path) -> None:
    before = fingerprint()
    (package / "page.html").write_text("<html>")
    assert fingerprint() != before


def test_compiled_files_do_not_matter(package: Path) -> None:
    before = fingerprint()
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "module.cpython-311.pyc").write_bytes(b"x")
    assert fingerprint() == before


def test_an_unknown_package_is_refused() -> None:
    with pytest.raises(ValueError, match=r"importable\. Received: no_such_package"):
        code_fingerprint("no_such_package")
