"""Events -> examples on Beam: the stages of the job, one after the other.

Beam distributes tasks; the work inside one is columnar. Every task writes its own files under names
that follow from the log alone, so the bytes do not depend on the runner, on the number of workers,
on the order in which tasks are done, or on how often one is repeated.
"""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from transform.errors import DataError
from transform.job.example_job import ExampleJob
from transform.job.facts import JobFacts
from transform.job.stages import Refusal, Stage
from transform.job.tables import join, read_text, write_text

_FACTS = "facts.json"
_REFUSAL = "refusal.txt"


class WriteExamples(beam.PTransform):
    """Runs all stages of a job; `read_facts` tells afterwards what they found."""

    def __init__(self, job: ExampleJob) -> None:
        """Prepares the transform."""
        super().__init__()
        self._job = job

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Applies the transform to a pipeline."""
        job = self._job
        nothing = pipeline | "Begin" >> beam.Create([[]])
        taken_in = nothing | "TakeIn" >> Stage(job.plan_intake, job.take_in)
        found = taken_in | "Sort" >> Stage(job.plan_sorting, job.sort)
        refined = found | "Refine" >> Stage(job.plan_refining, job.refine)
        aggregated = refined | "Aggregate" >> Stage(job.plan_aggregating, job.aggregate)
        closed = aggregated | "Close" >> Stage(job.plan_closing, job.close)
        written = closed | "Write" >> Stage(job.plan_writing, job.write, aggregated)
        facts = [beam.pvalue.AsSingleton(results) for results in (taken_in, found, aggregated)]
        return written | "SumUp" >> beam.Map(_sum_up, job, *facts)


def read_facts(job: ExampleJob) -> JobFacts:
    """What a finished job found.

    Raises:
        DataError: If the log breaks a rule of the data contract.
    """
    refusal = read_text(join(job.work, _REFUSAL))
    if refusal is not None:
        raise DataError(refusal)
    facts = read_text(join(job.work, _FACTS))
    if facts is None:
        raise RuntimeError(f"The job must have ended. Received: no {_FACTS} in {job.work}.")
    return JobFacts.model_validate_json(facts)


def _sum_up(
    written: list[Any],
    job: ExampleJob,
    intakes: list[Any],
    found: list[Any],
    aggregated: list[Any],
) -> None:
    refusals = [result for result in written if isinstance(result, Refusal)]
    if refusals:
        write_text(join(job.work, _REFUSAL), refusals[0].message)
        return
    facts = job.sum_up(written, intakes, found, aggregated)
    write_text(join(job.work, _FACTS), facts.model_dump_json())
