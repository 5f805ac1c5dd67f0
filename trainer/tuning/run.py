"""TFX Tuner's entry points: a search for each of the models."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import attr
from tfx.components.tuner.component import TunerFnResult

from trainer.job import job_from_fn_args
from trainer.settings import RankerSettings, RetrieverSettings, TrainingSettings
from trainer.tuning.oracle import Oracle
from trainer.tuning.search import Search
from trainer.tuning.settings import TuningSettings
from trainer.tuning.trials import Trainings


def tune_retriever(fn_args: Any) -> TunerFnResult:
    """The search for settings of the retriever, see `_search`."""
    return _search("retriever", RetrieverSettings, fn_args)


def tune_ranker(fn_args: Any) -> TunerFnResult:
    """The search for settings of the ranker, see `_search`."""
    return _search("ranker", RankerSettings, fn_args)


def _search(
    model: Literal["retriever", "ranker"], kind: type[TrainingSettings], fn_args: Any
) -> TunerFnResult:
    """A search whose trials are trained as the Trainer after it trains.

    Args:
        model: Which model.
        kind: Class of its settings.
        fn_args: TFX's FnArgs; `custom_config` is that of the Trainer, with `tuning`, the search,
            and `folder`, which outlives this execution: what a trial came to is kept there.
    """
    config = fn_args.custom_config
    scratch, folder = Path(fn_args.working_dir), Path(config["folder"])
    job = job_from_fn_args(model, attr.evolve(fn_args, serving_model_dir="", model_run_dir=""))
    settings, tuning = kind(**config["settings"]), TuningSettings(**config["tuning"])
    trials = Trainings(
        job,
        measure=settings.measure,
        code=config["code"],
        workers=config["workers"],
        scratch=scratch,
        kept=folder / "trials",
    )
    oracle = Oracle(settings, tuning, settings.measure, config["seed"])
    return TunerFnResult(Search(oracle, trials, scratch=scratch, record=folder), {})
