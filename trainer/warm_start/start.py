"""How a training starts: from an earlier model where it can, else as if there had been none."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import tensorflow as tf

from trainer.export import Description, read_description
from trainer.fitting import is_chief
from trainer.job import Job
from trainer.preparation import Prepared
from trainer.settings import RankerSettings
from trainer.vocabulary import read_terms
from trainer.warm_start.transfer import UnlikeError, transfer

START_FILE = "start.json"
_MEANING = ("positive_weight", "focal_gamma", "id_shrinkage")  # of the same weights


@dataclass(frozen=True)
class Start:
    """How a training started.

    Attributes:
        warm: Whether from an earlier model.
        why: Which one; or why cold.
        anew: Weights that started as in a cold start, since the earlier model has no such.
    """

    warm: bool
    why: str
    anew: tuple[str, ...] = ()


def warm_start(
    model: tf.keras.Model,
    job: Job,
    inputs: Prepared,
    strategy: tf.distribute.Strategy,
    share: float,
) -> float:
    """Gives a built model the weights of the job's earlier one, where it can go on from there.

    All workers read the same weights. The chief says how the training starts, on standard error
    and in the run folder.

    Args:
        model: The model, built under the strategy's scope.
        job: The job.
        inputs: What it trains on.
        strategy: The strategy of this process.
        share: Of the steps, that a warm start takes; 0 where none is asked for.

    Returns:
        The share of the steps of a cold start that the training takes.
    """
    if not share:
        return 1.0
    start = _start(model, job, inputs)
    if is_chief(strategy):
        anew = f" Anew: {', '.join(start.anew)}." if start.anew else ""
        how = "warm" if start.warm else "cold"
        sys.stderr.write(f"The {job.model} starts {how}. {start.why}{anew}\n")
        (Path(job.run_dir) / START_FILE).write_text(json.dumps(asdict(start), indent=2) + "\n")
    return share if start.warm else 1.0


def _start(model: tf.keras.Model, job: Job, inputs: Prepared) -> Start:
    if job.base_model is None:
        return Start(warm=False, why="There is no blessed model whose rows are all there.")
    now = inputs.description
    try:
        earlier = read_description(job.base_model)
        _refuse_other_rows(earlier, now)
        _refuse_other_meaning(earlier, now)
        terms = read_terms(inputs.transform, now.features)
        anew = transfer(job.base_model, model, now, terms)
    except UnlikeError as unlike:
        return Start(warm=False, why=str(unlike))
    return Start(warm=True, why=f"It goes on from {job.base_model}.", anew=anew)


def _refuse_other_rows(earlier: Description, now: Description) -> None:
    """What an earlier model has seen must lie in the rows of this training.

    It could otherwise know the rows that stop, calibrate and measure the new one. Both are divided
    by time, as the settings of a pipeline have to say, and time goes on: the moment that divided
    the earlier rows lies before the one that divides these.

    Raises:
        UnlikeError: It may have seen others.
    """
    if earlier.protocol is None:
        raise UnlikeError(
            "The earlier model must say which rows it was trained on. Received: one of a release "
            "that did not. The next training goes on from this one."
        )
    if earlier.protocol != now.protocol:
        raise UnlikeError(
            "Rows must be held out as they were for the earlier model, or it may know those that "
            f"measure this one. Received: {now.protocol}, then {earlier.protocol}."
        )
    if earlier.last_time > now.last_time:
        until, then = (
            datetime.fromtimestamp(time, UTC).isoformat(" ")
            for time in (now.last_time, earlier.last_time)
        )
        raise UnlikeError(
            "The rows must end no earlier than those of the earlier model, which may know what "
            f"measures this one. Received: an end at {until}, then {then}."
        )


def _refuse_other_meaning(earlier: Description, now: Description) -> None:
    """A ranker's weights mean other probabilities under another loss or with ids that count less.

    Raises:
        UnlikeError: The earlier model was trained so.
    """
    plain = RankerSettings()  # what a retriever, and a ranker of an earlier release, was trained by
    then, asked = (
        {name: one.settings.get(name, getattr(plain, name)) for name in _MEANING}
        for one in (earlier, now)
    )
    if then != asked:
        raise UnlikeError(
            "The earlier model must be trained alike, or its weights stand for other "
            f"probabilities. Received: {asked}, then {then}. The next training goes on from this "
            "one."
        )
