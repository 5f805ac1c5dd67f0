"""Runs the stages of the job one after the other, without Beam, and reads what they wrote."""

from pathlib import Path

import polars as pl
import tensorflow as tf

from transform.job.example_job import ExampleJob
from transform.reading.event_source import EventReader
from transform.settings import DataSettings, ExampleSettings, SplitSettings, Table


def make_job(
    folder: Path,
    data: DataSettings,
    *,
    split: SplitSettings,
    examples: ExampleSettings,
    features=(),
    aggregates=(),
    seed: int = 3,
) -> ExampleJob:
    """A prepared job that writes below a folder."""
    job = ExampleJob(
        reader=EventReader.open(data, features),
        data=data,
        features=tuple(features),
        aggregates=tuple(aggregates),
        split=split,
        examples=examples,
        seed=seed,
        work=str(folder / "work"),
        output=str(folder / "examples"),
        states=str(folder / "states"),
        dead_letters=str(folder / "dead"),
    )
    job.prepare()
    return job


def run_job(job: ExampleJob):
    """What the job found."""
    intakes = [job.take_in(task) for task in job.plan_intake([])]
    found = [job.sort(task) for task in job.plan_sorting(intakes)]
    refined = [job.refine(task) for task in job.plan_refining(found)]
    aggregated = [job.aggregate(task) for task in job.plan_aggregating(refined)]
    closed = [job.close(task) for task in job.plan_closing(aggregated)]
    written = [job.write(task) for task in job.plan_writing(closed, aggregated)]
    return job.sum_up(written, intakes, found, aggregated)


def read_rows(job: ExampleJob, split: str) -> list[bytes]:
    """Serialized rows of a split, in no particular order."""
    files = sorted(Path(job.output, f"Split-{split}").glob("data_tfrecord-*"))
    rows = tf.data.TFRecordDataset([str(file) for file in files], compression_type="GZIP")
    return sorted(rows.as_numpy_iterator())


def log_of(folder: Path, *frames: pl.DataFrame) -> DataSettings:
    """Writes frames as the files of a log."""
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        frame.write_parquet(folder / f"{number}.parquet")
    return DataSettings(events=Table(path=str(folder)))
