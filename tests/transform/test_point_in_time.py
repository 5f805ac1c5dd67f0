"""The rows on Beam: the same files whatever the partitions, and readable by others."""

import gzip
import struct
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from tests.transform.logs import write_dataset
from transform import staging
from transform.examples import serialize
from transform.point_in_time import WriteExamples, rows_written, write_catalogue
from transform.rows import build_rows, catalogue_rows
from transform.staging import stage

ROWS = [(f"u{u}", f"i{(u * 3 + n) % 20}", u + n) for u in range(12) for n in range(8)]
OPTIONS = PipelineOptions(["--runner=FnApiRunner", "--direct_running_mode=in_memory"])


@pytest.fixture
def dataset(tmp_path):
    return write_dataset(tmp_path / "data", ROWS)


def write(dataset, folder):
    pipeline = beam.Pipeline(options=OPTIONS)
    staged = stage(dataset.log, dataset.shop, str(folder / ".staging"))
    pipeline | WriteExamples(staged, str(folder))
    result = pipeline.run()
    result.wait_until_finish()
    staged.remove()
    return rows_written(result)


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def records(folder, split):
    found = []
    for path in sorted(Path(folder, f"Split-{split}").iterdir()):
        content = gzip.decompress(path.read_bytes())
        while content:
            (length,) = struct.unpack_from("<Q", content)
            found.append(content[12 : 12 + length])
            content = content[12 + length + 4 :]
    return found


def test_files_hold_the_rows_in_the_order_of_users(dataset, tmp_path):
    written = write(dataset, tmp_path / "out")
    rows = build_rows(dataset.log.histories, dataset.shop)
    assert written == {split: batch.num_rows for split, batch in rows.items()}
    for split in ("train", "eval"):
        assert records(tmp_path / "out", split) == serialize(rows[split])


def test_a_second_run_writes_the_same_bytes(dataset, tmp_path):
    write(dataset, tmp_path / "one")
    write(dataset, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_no_temporary_file_stays(dataset, tmp_path):
    write(dataset, tmp_path / "out")
    assert all(name.endswith("data_tfrecord-00000-of-00001.gz") for name in files(tmp_path / "out"))


def test_more_partitions_give_more_files_with_the_same_rows(dataset, tmp_path, monkeypatch):
    write(dataset, tmp_path / "one")
    monkeypatch.setattr(staging, "PARTITION_EVENTS", 30)
    write(dataset, tmp_path / "many")
    names = files(tmp_path / "many")
    assert "Split-train/data_tfrecord-00002-of-00003.gz" in names
    for split in ("train", "ranking", "validation", "eval"):
        assert sorted(records(tmp_path / "one", split)) == sorted(records(tmp_path / "many", split))


def test_the_catalogue_is_one_file(dataset, tmp_path):
    write_catalogue(catalogue_rows(dataset.log, dataset.shop, None), str(tmp_path / "out"))
    assert list(files(tmp_path / "out")) == ["Split-catalogue/data_tfrecord-00000-of-00001.gz"]
    assert len(records(tmp_path / "out", "catalogue")) == 20
