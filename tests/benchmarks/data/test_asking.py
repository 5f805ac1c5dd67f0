"""From the settings to the peers' job."""

import dataclasses

import polars as pl
import pytest

from benchmarks.data.asking import SETTINGS, cut_offs, job_for
from benchmarks.data.job import Aggregate, Feature, Job
from pipeline.loading import load_settings
from transform.settings import SplitSettings


def write_events(folder, day, rows):
    columns = ["user_id", "item_id", "event_time", "event_type"]
    target = folder / "events" / f"dt={day}"
    target.mkdir(parents=True)
    pl.DataFrame(rows, schema=columns, orient="row").write_parquet(target / "part.parquet")


@pytest.fixture
def log(tmp_path):
    """Ten behaviours, one of them twice, and an impression that does not count."""
    rows = [("u", "i", 100 + n, "view") for n in range(10)]
    write_events(tmp_path, "2024-01-01", [*rows[:5], rows[0]])
    write_events(tmp_path, "2024-01-02", [*rows[5:], ("u", "i", 1, "impression")])
    return tmp_path


def test_the_time_line_is_cut_by_different_behaviours(log):
    split = SplitSettings(eval_fraction=0.2, validation_fraction=0.3)
    assert cut_offs(log, split, "impression") == ((104, 107), 105, 108)


def test_the_published_settings_make_the_job(log, tmp_path):
    job = job_for(SETTINGS, log, tmp_path / "out")
    assert Feature("device", "context", "category") in job.features
    assert Aggregate("views_7d", "user", "view", None, 7) in job.aggregates
    assert Aggregate("item_ctr_28d", "item", "click", "impression", 28) in job.aggregates
    assert job.label_types == ("click", "purchase")
    assert job.attribution_seconds == 24 * 3600
    assert (job.history_length, job.ranking_rows_per_user, job.candidates) == (50, 8, 32)
    assert (job.catalogue_times, job.validation_from, job.eval_from) == ((107, 108), 108, 109)


def test_a_job_survives_its_file(log, tmp_path):
    job = job_for(SETTINGS, log, tmp_path / "out")
    job.write(tmp_path / "job.json")
    assert Job.read(tmp_path / "job.json") == job


def test_the_published_settings_are_settings_of_the_pipeline(log, monkeypatch):
    monkeypatch.setenv("BENCH_LOG", str(log))
    monkeypatch.setenv("BENCH_ROOT", str(log / "root"))
    settings = load_settings(SETTINGS)
    assert settings.data.events.path == str(log / "events")
    assert len(settings.aggregates) == len(job_for(SETTINGS, log, log).aggregates)


def test_files_are_ordered_by_partition_and_then_by_content(log):
    def order(names):
        for name, content in names.items():
            (log / "events" / "dt=2024-01-02" / name).write_bytes(content)
        files = dataclasses.replace(job, log=str(log)).event_files()
        contents = [file.read_bytes() for file in files]
        for name in names:
            (log / "events" / "dt=2024-01-02" / name).unlink()
        return contents

    job = job_for(SETTINGS, log, log)
    one = order({"a.parquet": b"1", "b.parquet": b"2"})
    assert one == order({"a.parquet": b"2", "b.parquet": b"1"})
    assert len(one) == 4
    assert one[0] == (log / "events" / "dt=2024-01-01" / "part.parquet").read_bytes()
