"""What became of the log, from what each stage tells of its tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import polars as pl

from transform.job.facts import JobFacts, PartitionFacts
from transform.job.intake import Intake, merge_intakes
from transform.job.sorting import SortedPartition
from transform.job.tasks import Aggregated, Written
from transform.splits import PeriodSummary, targets_digest


def sum_up(
    written: Sequence[Written],
    intakes: Sequence[Intake],
    found: Sequence[SortedPartition],
    aggregated: Sequence[Aggregated],
    targets: pl.DataFrame,
) -> JobFacts:
    """The facts of a whole job.

    Args:
        written: Of all partitions.
        intakes: Of all files.
        found: Of all partitions, as they were sorted.
        aggregated: Of all partitions.
        targets: The targets of the evaluation.
    """
    intake = merge_intakes(intakes)
    periods = PeriodSummary.merge([part.periods for part in aggregated])
    return JobFacts(
        rows_in=intake.rows,
        bytes_read=intake.bytes_read,
        dead_letters=dict(sorted(intake.dead.items())),
        duplicates=sum(part.duplicates for part in found),
        events=sum(part.events for part in found),
        impressions=sum(part.events - part.behaviours for part in found),
        users=periods.users,
        described_users=sum(part.described for part in aggregated),
        periods={name: asdict(period) for name, period in periods.ranges.items()},
        rows_out={split: sum(part.rows[split] for part in written) for split in written[0].rows},
        eval_targets_sha256=targets_digest(targets),
        partitions=[
            PartitionFacts(number=part.number, events=part.events, seconds=part.seconds)
            for part in sorted(written, key=lambda part: part.number)
        ],
    )
