"""Logs in object storage, read through Beam's file systems."""

import gzip

import polars as pl
import pytest

from tests.transform.toy_storage import ROOT, ToyStorage
from transform.errors import DataError
from transform.reading.event_source import EventReader
from transform.reading.fingerprint import data_fingerprint
from transform.settings import DataSettings, Table, Window


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    monkeypatch.setitem(ROOT, "bucket", tmp_path)
    for day in (1, 2, 3):
        folder = tmp_path / "log" / f"dt=2024-01-{day:02d}"
        folder.mkdir(parents=True)
        frame = {"user_id": [f"u{day}"] * 4, "item_id": list("abcd"), "event_time": [day] * 4}
        pl.DataFrame(frame).write_parquet(folder / "part.parquet", row_group_size=2)
    (tmp_path / "log" / "_SUCCESS").write_text("")
    return tmp_path


def events(path, window=None):
    data = DataSettings(events=Table(path=path), window=window)
    reader = EventReader.open(data, [], now=1e9)
    frames = [part.frame for chunk in reader.chunks for part in reader.read(chunk)]
    return reader, pl.concat(frames)


@pytest.mark.parametrize(
    "path", ["toy://bucket/log", "toy://bucket/log/", "toy://bucket/log/dt=*/*.parquet"]
)
def test_a_folder_or_glob_is_read_as_a_local_one(bucket, path):
    reader, frame = events(path)
    _, local = events(str(bucket / "log"))
    assert frame.equals(local)
    assert reader.partitions == ("dt=2024-01-01", "dt=2024-01-02", "dt=2024-01-03")


def test_what_lies_outside_the_window_is_not_opened(bucket):
    ToyStorage.opened.clear()
    reader, frame = events("toy://bucket/log/dt={YYYY}-{MM}-{DD}", Window(last=1))
    assert set(frame["user_id"]) == {"u3"}
    assert reader.bytes_total > 3 * reader.read(reader.chunks[0]).__next__().bytes_read > 0
    assert set(ToyStorage.opened) == {"toy://bucket/log/dt=2024-01-03/part.parquet"}


def test_a_compressed_csv_is_read(bucket):
    (bucket / "e.csv.gz").write_bytes(gzip.compress(b"user_id,item_id,event_time\nu,a,1\n"))
    assert events("toy://bucket/e.csv.gz")[1].select("user_id", "event_time").rows() == [("u", 1)]


def test_the_fingerprint_follows_the_checksum_of_the_storage(bucket):
    data = DataSettings(events=Table(path="toy://bucket/log"))
    before = data_fingerprint(data)
    assert data_fingerprint(data) == before
    content = (bucket / "log/dt=2024-01-01/part.parquet").read_bytes()
    (bucket / "log/dt=2024-01-01/part.parquet").write_bytes(content + b"x")
    assert data_fingerprint(data) != before


def test_a_missing_object_and_unknown_storage_are_errors(bucket):
    with pytest.raises(DataError, match="must lead to a file"):
        events("toy://bucket/nothing")
    with pytest.raises(DataError, match=r"storage of nowhere://b/x must be reachable. Received: "):
        events("nowhere://b/x")
