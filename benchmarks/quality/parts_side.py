"""What each part of the retriever gains: it is trained anew without it, or with little of it.

`python -m benchmarks.quality.parts_side SETTINGS SEED SAID`

A setting can take no part away, because nobody wants that in a pipeline; so it is done here, around
the very training that the node Retriever runs, in one process.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import tensorflow as tf

from benchmarks.said import report
from benchmarks.seeded_run import transformed
from benchmarks.training_job import training_job
from pipeline.loading import load_settings
from trainer import sequences
from trainer.job import HISTORY_FILE, Job
from trainer.settings import MEASURE
from trainer.two_tower import model as two_tower
from trainer.two_tower.loss import Drawn, sampled_softmax
from trainer.two_tower.query_tower import QueryTower
from trainer.two_tower.training import train
from transform import features as keys
from transform.features import Side


def main(config: str, seed: str, said: str) -> None:
    """Trains each variant; reports NDCG@10 of the validation rows in its best epoch."""
    settings = load_settings(config)
    rows = {
        split: f"{transformed(settings.root, split)}/*" for split in (keys.TRAIN, keys.VALIDATION)
    }
    found = {}
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory() as home:
            job = training_job(
                "retriever",
                settings,
                rows=rows[keys.TRAIN],
                validation=rows[keys.VALIDATION],
                seed=int(seed),
                home=Path(home),
            )
            found[variant.name] = _best(variant, job)
        sys.stderr.write(f"{variant.name}: {found[variant.name]:.4f}\n")
    report(Path(said), ndcg=found)


class Variant(NamedTuple):
    """A training without some part.

    Attributes:
        name: What is missing, or what little is left.
        job: The job, changed.
        without: The time in which the part is missing from the code.
    """

    name: str
    job: Callable[[Job], Job] = lambda job: job
    without: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext


def _best(variant: Variant, job: Job) -> float:
    # Some of the parts are those of a sampled softmax; a variant may have another.
    job = variant.job(_with(softmax="sampled")(job))
    job = job.model_copy(update={"settings": job.settings | {"refresh_epochs": 0}})
    Path(job.run_dir).mkdir()
    tf.keras.utils.set_random_seed(job.seed)
    with variant.without():
        train(job, tf.distribute.get_strategy())
    history = json.loads((Path(job.run_dir) / HISTORY_FILE).read_text())
    best: float = max(history[MEASURE])
    return best


def _without_content(job: Job) -> Job:
    features = tuple(feature for feature in job.features if feature.side is not Side.CANDIDATE)
    return job.model_copy(update={"features": features})


def _with(**settings: Any) -> Callable[[Job], Job]:
    return lambda job: job.model_copy(update={"settings": job.settings | settings})


def _evenly(drawn: Drawn) -> Drawn:
    return drawn._replace(probability=tf.ones_like(drawn.probability))


def _uncorrected() -> contextlib.AbstractContextManager[Any]:
    def loss(
        queries: tf.Tensor, positives: Drawn, candidates: Drawn, times: tf.Tensor
    ) -> tf.Tensor:
        return sampled_softmax(queries, _evenly(positives), _evenly(candidates), times)

    return mock.patch.object(two_tower, "sampled_softmax", loss)


def _without_blocks() -> contextlib.AbstractContextManager[Any]:
    """The last event alone speaks, through no attention."""

    def through(
        _: QueryTower, x: tf.Tensor, present: tf.Tensor, *, training: bool, last: bool
    ) -> tf.Tensor:
        return x[:, -1:] if last else x

    return mock.patch.object(QueryTower, "_through_blocks", through)


def _without_gaps() -> contextlib.AbstractContextManager[Any]:
    return mock.patch.object(
        sequences, "gap_buckets", lambda times, until: tf.zeros_like(times, tf.int64)
    )


def _without_positions() -> contextlib.AbstractContextManager[Any]:
    """Every place of a history has the same vector."""
    whole = QueryTower.__init__

    def init(tower: QueryTower, *args: Any, **more: Any) -> None:
        whole(tower, *args, **more)
        tower._positions = lambda _: tf.zeros([1, 1])

    return mock.patch.object(QueryTower, "__init__", init)


VARIANTS = (
    Variant("whole"),
    Variant("without content features", _without_content),
    Variant("with a softmax over all items", _with(softmax="full")),
    Variant("with one uniform negative", _with(uniform_negatives=1)),
    Variant("without logQ", without=_uncorrected),
    Variant("without transformer blocks: the last event alone", without=_without_blocks),
    Variant("without time gaps", without=_without_gaps),
    Variant("without positions", without=_without_positions),
)

if __name__ == "__main__":
    main(*sys.argv[1:])
