"""What counts as a version directory."""

from pathlib import Path

import pytest

from serving.model_server.base_path import content, find_versions


def version(base: Path, name: str) -> Path:
    path = base / name
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"x")
    return path


def test_numbered_directories_with_a_model_are_versions(tmp_path):
    paths = {number: version(tmp_path, str(number)) for number in (1, 7, 1732380000)}
    assert find_versions(tmp_path) == paths


@pytest.mark.parametrize(
    "name", [".3", ".staging-3", "3.tmp", "_3", "v3", "-3", "3 ", "three", "٣"]
)
def test_other_names_are_passed_over(tmp_path, name):
    version(tmp_path, name)
    assert find_versions(tmp_path) == {}


def test_a_version_beyond_int64_is_passed_over(tmp_path):
    version(tmp_path, "9" * 19)
    assert find_versions(tmp_path) == {}


def test_a_half_copied_directory_and_a_file_are_passed_over(tmp_path):
    (tmp_path / "3" / "variables").mkdir(parents=True)
    (tmp_path / "4").write_text("not a directory")
    assert find_versions(tmp_path) == {}


def test_content_changes_when_a_file_grows_or_appears(tmp_path):
    path = version(tmp_path, "1")
    seen = {content(path)}
    assert content(path) in seen
    (path / "saved_model.pb").write_bytes(b"xx")
    seen.add(content(path))
    (path / "variables").mkdir()
    (path / "variables" / "variables.index").write_bytes(b"")
    seen.add(content(path))
    assert len(seen) == 3
