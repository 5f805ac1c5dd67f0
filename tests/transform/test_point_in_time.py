"""The job on Beam: the same files as its stages give alone, whatever the runner does."""

from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from tests.transform.jobs import log_of, make_job, run_job
from tests.transform.logs import LEAVE_ONE_OUT, frame
from transform.errors import DataError
from transform.point_in_time import WriteExamples, read_facts
from transform.settings import ExampleSettings

ROWS = [(f"u{u}", f"i{(u * 3 + n) % 20}", u + n) for u in range(12) for n in range(8)]
OPTIONS = PipelineOptions(["--runner=FnApiRunner", "--direct_running_mode=in_memory"])


def job_of(folder, rows, partition_events=40):
    data = log_of(folder / "log", frame(rows))
    examples = ExampleSettings(partition_events=partition_events, candidates=4)
    return make_job(folder, data, split=LEAVE_ONE_OUT, examples=examples)


def on_beam(job):
    with beam.Pipeline(options=OPTIONS) as pipeline:
        pipeline | WriteExamples(job)
    return read_facts(job)


def files(job):
    return {
        str(path.relative_to(job.output)): path.read_bytes()
        for path in sorted(Path(job.output).rglob("*"))
        if path.is_file()
    }


def test_beam_writes_the_bytes_that_the_stages_give(tmp_path):
    one, other = job_of(tmp_path / "one", ROWS), job_of(tmp_path / "other", ROWS)
    facts, alone = on_beam(one), run_job(other)
    assert files(one) == files(other)
    assert facts.rows_out == alone.rows_out
    assert "Split-train/data_tfrecord-00002-of-00003.gz" in files(one)


def test_no_temporary_file_stays(tmp_path):
    job = job_of(tmp_path, ROWS)
    on_beam(job)
    assert not [name for name in files(job) if not name.endswith(".gz")]


def test_a_breach_of_the_contract_is_an_answer_and_no_accident(tmp_path):
    job = job_of(tmp_path, [("u", "a", 1), ("u", "b", 2)])
    with pytest.raises(DataError, match="must hold events to validate with"):
        on_beam(job)
    assert not files(job)


def test_a_log_without_rows_is_refused(tmp_path):
    job = job_of(tmp_path, [])
    with pytest.raises(DataError, match="must hold events"):
        on_beam(job)
