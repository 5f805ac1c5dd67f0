"""TFX Trainer's entry point for the retriever."""

from __future__ import annotations

from typing import Any

from trainer.distribution import run_workers
from trainer.job import job_from_fn_args


def run_fn(fn_args: Any) -> None:
    """Trains the retriever with the number of workers in `custom_config`."""
    job = job_from_fn_args("retriever", fn_args)
    run_workers(job, workers=fn_args.custom_config["workers"])
