"""The fingerprint of everything that a run reads."""

import os
from datetime import date

import pytest

from transform.reading.fingerprint import data_fingerprint
from transform.settings import DataSettings, Table, Window


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SLUICE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / "log"
    for day, text in (("01", "1,2,3\n"), ("02", "4,5,6\n"), ("03", "7,8,9\n")):
        path = folder / f"dt=2024-01-{day}" / "a.csv"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return folder


def of(events, window=None, **others):
    tables = {name: Table(path=str(path)) for name, path in others.items()}
    return data_fingerprint(DataSettings(events=Table(path=str(events)), window=window, **tables))


def test_touching_copying_and_renaming_keep_it(log):
    before = of(log)
    first = log / "dt=2024-01-01" / "a.csv"
    os.utime(first, (1, 1))
    first.chmod(0o600)
    first.rename(first.with_name("z.csv"))
    assert of(log) == before


def test_one_other_byte_changes_it_at_equal_size_and_time(log):
    before, first = of(log), log / "dt=2024-01-01" / "a.csv"
    times = first.stat()
    first.write_text("1,2,4\n")
    os.utime(first, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert of(log) != before


def test_moving_a_byte_from_one_file_to_the_next_changes_it(log):
    before = of(log)
    (log / "dt=2024-01-01" / "a.csv").write_text("1,2,3\n4")
    (log / "dt=2024-01-02" / "a.csv").write_text(",5,6\n")
    assert of(log) != before


def test_the_partition_of_a_file_counts(log):
    before = of(log)
    (log / "dt=2024-01-03").rename(log / "dt=2024-01-04")
    assert of(log) != before


def test_names_of_files_do_not_count_however_they_are_ordered(tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
    for name, text in (("a", "1"), ("b", "2")):
        (tmp_path / "x" / name).write_text(text)
    for name, text in (("a", "2"), ("b", "1")):
        (tmp_path / "y" / name).write_text(text)
    assert of(tmp_path / "x") == of(tmp_path / "y")
    (tmp_path / "y" / "c").write_text("1")
    assert of(tmp_path / "x") != of(tmp_path / "y")


def test_only_the_window_counts(log):
    window = Window(last=1, until=date(2024, 1, 2))
    before = of(log, window)
    (log / "dt=2024-01-01" / "a.csv").write_text("other")
    (log / "dt=2024-01-03" / "a.csv").write_text("other")
    assert of(log, window) == before
    (log / "dt=2024-01-02" / "a.csv").write_text("other")
    assert of(log, window) != before


def test_it_tells_the_datasets_apart(log):
    items = log / "dt=2024-01-02" / "a.csv"
    assert len({of(log), of(log, items=items), of(log, users=items)}) == 3
