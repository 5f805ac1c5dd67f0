"""Which files a table means."""

import pytest

from transform.errors import DataError
from transform.reading.files import chosen_files, table_files
from transform.settings import Table, Window


@pytest.fixture
def folder(tmp_path):
    for name in ("dt=2024-01-02/b.csv", "dt=2024-01-01/a.csv", "_SUCCESS", ".hidden.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(path, folder):
    files = table_files(Table(path=str(path)), "events")
    return [file.path.removeprefix(f"{folder}/") for file in files]


def test_a_folder_is_searched_by_partition_without_side_files(folder):
    (folder / "dt=2024-01-01" / "_temporary").mkdir()
    (folder / "dt=2024-01-01" / "_temporary" / "part.csv").write_text("half")
    assert names(folder, folder) == ["dt=2024-01-01/a.csv", "dt=2024-01-02/b.csv"]


def test_a_folder_below_a_hidden_one_is_searched_too(tmp_path):
    inner = tmp_path / ".cache" / "_data"
    inner.mkdir(parents=True)
    (inner / "a.csv").write_text("")
    assert names(inner, inner) == ["a.csv"]


def test_a_glob_finds_what_matches(folder):
    assert names(folder / "*" / "b.*", folder) == ["dt=2024-01-02/b.csv"]


def test_folders_that_a_glob_matches_are_searched_and_each_file_is_found_once(folder):
    assert names(folder / "dt=*-02", folder) == ["dt=2024-01-02/b.csv"]
    assert names(folder / "**", folder) == ["dt=2024-01-01/a.csv", "dt=2024-01-02/b.csv"]


def test_a_file_is_itself(folder):
    assert names(folder / "_SUCCESS", folder) == ["_SUCCESS"]


def test_a_name_with_the_signs_of_a_glob_is_a_name(tmp_path):
    (tmp_path / "log [1].csv").write_text("")
    assert names(tmp_path / "log [1].csv", tmp_path) == ["log [1].csv"]


def test_home_and_environment_are_expanded(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("DAY", "dt=2024-01-01")
    assert names("~/$DAY", folder) == ["dt=2024-01-01/a.csv"]


@pytest.mark.parametrize("path", ["missing.csv", "empty", "empty/*.csv", "{SPAN}/*.csv"])
def test_no_file_is_an_error(tmp_path, path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"`data\.items\.path` must lead to .*Received: .*Correct"):
        table_files(Table(path=str(tmp_path / path)), "items")


def test_a_relative_path_says_where_it_was_searched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=f"searched in {tmp_path}"):
        table_files(Table(path="nowhere.csv"), "events")


def test_a_window_chooses_files_by_their_partition(folder):
    files = table_files(Table(path=str(folder)), "events")
    assert chosen_files(files, Window(last=1)) == files[1:]
    assert chosen_files(files, Window(last=9)) == chosen_files(files, None) == files
