"""TFX Trainer's entry point for the ranker."""

from __future__ import annotations

from typing import Any

from trainer.distribution import run_workers
from trainer.job import job_from_fn_args
from trainer.tuning.chosen import note_chosen


def run_fn(fn_args: Any) -> None:
    """Trains the ranker with the number of workers in `custom_config`."""
    job = job_from_fn_args("ranker", fn_args)
    note_chosen(fn_args.hyperparameters, job.model, job.run_dir)
    run_workers(job, workers=fn_args.custom_config["workers"])
