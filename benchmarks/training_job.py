"""The training of one model on rows of a benchmark's own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from benchmarks.seeded_run import catalogue_files, newest
from pipeline.settings import Settings
from trainer.job import Job


def training_job(
    model: Literal["retriever", "ranker"],
    settings: Settings,
    *,
    rows: str,
    validation: str,
    seed: int,
    home: Path | None = None,
) -> Job:
    """The job, as the node of a pipeline that ran up to Transform would have it.

    Args:
        model: Which model to train.
        settings: Of the pipeline.
        rows: A glob of what it learns from.
        validation: A glob of the rows that stop it.
        seed: Of the training.
        home: Where it leaves the model and its run; None where it leaves nothing.
    """
    return Job(
        model=model,
        settings=getattr(settings, model).model_dump(mode="json"),
        features=settings.features,
        aggregates=settings.aggregates,
        history_length=settings.examples.history_length,
        protocol=settings.split.protocol,
        exclude_seen=settings.recommender.exclude_seen,
        seed=seed,
        transform_graph=str(newest(settings.root, "Transform", "transform_graph")),
        train_files=(rows,),
        validation_files=(validation,),
        catalogue_files=(catalogue_files(settings.root),),
        model_dir=str(home / "model") if home else "",
        run_dir=str(home / "run") if home else "",
    )
