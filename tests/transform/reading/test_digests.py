"""Digests of content: an unchanged file is not read again, a changed one always is."""

import hashlib
import os
import time

import pytest

from transform.reading import digests as module
from transform.reading.digests import INDEX_FILE, digests, in_total_order
from transform.reading.files import table_files
from transform.settings import Table


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SLUICE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def settled(monkeypatch):
    """As if all files had been written an hour ago."""
    monkeypatch.setattr(module.time, "time", lambda real=time.time: real() + 3600)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "log"
    for name, content in (("a.csv", "1,2,3\n"), ("b.csv", "4,5,6\n")):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    return folder


def files(folder):
    return table_files(Table(path=str(folder)), "events")


@pytest.fixture
def reads(monkeypatch):
    """Counts the files that are hashed."""
    counted = []
    real = hashlib.file_digest

    def file_digest(stream, name):
        counted.append(stream.name)
        return real(stream, name)

    monkeypatch.setattr(module.hashlib, "file_digest", file_digest)
    return counted


def test_a_digest_is_the_sha256_of_the_content(folder):
    assert digests(files(folder))[0] == hashlib.sha256(b"1,2,3\n").hexdigest()


def test_an_unchanged_file_is_read_once(folder, settled, reads):
    first = digests(files(folder))
    assert len(reads) == 2
    assert digests(files(folder)) == first
    assert len(reads) == 2


def test_one_other_byte_at_equal_size_and_time_is_seen(folder, settled):
    before, path = digests(files(folder)), folder / "a.csv"
    times = path.stat()
    path.write_text("1,2,4\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (times.st_size, times.st_mtime_ns)
    after = digests(files(folder))
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_a_file_that_has_just_changed_is_not_trusted(folder, reads):
    # The file system's clock ticks a few hundred times a second, so it might change unseen.
    digests(files(folder))
    digests(files(folder))
    assert len(reads) == 4


def test_another_file_under_the_same_name_is_read(folder, settled, reads):
    digests(files(folder))
    stand_in = folder / ".new"
    stand_in.write_text("9,9,9\n")
    times = (folder / "a.csv").stat()
    os.utime(stand_in, ns=(times.st_atime_ns, times.st_mtime_ns))
    stand_in.replace(folder / "a.csv")
    assert digests(files(folder))[0] == hashlib.sha256(b"9,9,9\n").hexdigest()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"x": 3}', '{"x": [1, 2, 3]}'])
def test_a_damaged_index_costs_time_only(folder, cache, settled, content):
    expected = digests(files(folder))
    (cache / INDEX_FILE).write_text(content)
    assert digests(files(folder)) == expected


def test_a_cache_folder_that_cannot_be_written_costs_time_only(
    folder, settled, tmp_path, monkeypatch
):
    (tmp_path / "occupied").write_text("")
    monkeypatch.setenv("SLUICE_CACHE", str(tmp_path / "occupied"))
    assert len(digests(files(folder))) == 2


def test_the_index_forgets_files_that_are_gone(folder, cache, settled):
    digests(files(folder))
    (folder / "a.csv").unlink()
    (folder / "b.csv").write_text("new")
    digests(files(folder))
    assert "b.csv" in (cache / INDEX_FILE).read_text()
    assert "a.csv" not in (cache / INDEX_FILE).read_text()


def test_the_total_order_is_that_of_partitions_then_of_content(tmp_path):
    contents = {"dt=2024-01-02/a": "x", "dt=2024-01-01/b": "y", "dt=2024-01-01/a": "z"}
    for name, content in contents.items():
        (tmp_path / "log" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "log" / name).write_text(content)
    order = [file.path[-15:] for file, _ in in_total_order(files(tmp_path / "log"))]
    by_content = sorted("yz", key=lambda text: hashlib.sha256(text.encode()).hexdigest())
    names = {content: name for name, content in contents.items()}
    assert order == [*(names[text] for text in by_content), "dt=2024-01-02/a"]
