"""Which files a table means, and the fingerprint of their content."""

import os
from pathlib import Path

import pytest

from transform.errors import DataError
from transform.files import data_fingerprint, fingerprint, table_files
from transform.settings import DataSettings, Table


@pytest.fixture
def folder(tmp_path):
    for name in ("dt=2024-01-02/b.csv", "dt=2024-01-01/a.csv", "_SUCCESS", ".hidden.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(path, folder):
    files = table_files(Table(path=str(path)), "events")
    return [str(file.relative_to(folder)) for file in files]


def test_a_folder_is_searched_in_the_order_of_paths_without_side_files(folder):
    assert names(folder, folder) == ["dt=2024-01-01/a.csv", "dt=2024-01-02/b.csv"]


def test_a_folder_below_a_hidden_one_is_searched_too(tmp_path):
    inner = tmp_path / ".cache" / "_data"
    inner.mkdir(parents=True)
    (inner / "a.csv").write_text("")
    assert names(inner, inner) == ["a.csv"]


def test_a_glob_finds_what_matches(folder):
    assert names(folder / "*" / "b.*", folder) == ["dt=2024-01-02/b.csv"]


def test_a_file_is_itself(folder):
    assert names(folder / "_SUCCESS", folder) == ["_SUCCESS"]


def test_home_and_environment_are_expanded(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("DAY", "dt=2024-01-01")
    assert names("~/$DAY", folder) == ["dt=2024-01-01/a.csv"]


@pytest.mark.parametrize("path", ["missing.csv", "empty", "empty/*.csv"])
def test_no_file_is_an_error(tmp_path, path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"`data\.items\.path` must lead to .*Received: .*Correct"):
        table_files(Table(path=str(tmp_path / path)), "items")


def test_a_relative_path_says_where_it_was_searched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=f"searched in {tmp_path}"):
        table_files(Table(path="nowhere.csv"), "events")


@pytest.fixture
def parts(tmp_path):
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file in files:
        file.write_text("1,2,3\n")
    return files


def test_touching_copying_and_renaming_keep_the_fingerprint(parts, tmp_path):
    before = fingerprint(parts)
    os.utime(parts[0], (1, 1))
    parts[1].chmod(0o600)
    moved = parts[1].rename(tmp_path / "c.csv")
    assert fingerprint([parts[0], moved]) == before


def test_one_other_byte_changes_the_fingerprint_at_equal_size_and_time(parts):
    before, times = fingerprint(parts), parts[0].stat()
    parts[0].write_text("1,2,4\n")
    os.utime(parts[0], ns=(times.st_atime_ns, times.st_mtime_ns))
    assert parts[0].stat().st_size == times.st_size
    assert fingerprint(parts) != before


def test_moving_a_byte_from_one_file_to_the_next_changes_the_fingerprint(parts):
    before = fingerprint(parts)
    parts[0].write_text("1,2,3\n1")
    parts[1].write_text(",2,3\n")
    assert fingerprint(parts) != before


def test_the_order_of_files_counts(parts):
    parts[1].write_text("4,5,6\n")
    assert fingerprint(parts) != fingerprint(parts[::-1])


def test_the_fingerprint_of_all_datasets_tells_them_apart(parts):
    events, other = Table(path=str(parts[0])), Table(path=str(parts[1]))
    assert data_fingerprint(DataSettings(events=events, items=other)) != data_fingerprint(
        DataSettings(events=events, users=other)
    )
    assert data_fingerprint(DataSettings(events=events)) == data_fingerprint(
        DataSettings(events=Table(path=str(Path(parts[0]).parent / "a.*")))
    )
