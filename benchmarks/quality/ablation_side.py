"""What each part of the composed path gains: the trained parts of a run, composed anew.

`python -m benchmarks.quality.ablation_side SETTINGS SAID`

Each variant combines its own signals, with weights fitted on the validation requests as the served
ones are, before anything has learned from these; then it is asked for the test requests.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft
from tfx.utils import path_utils

from benchmarks.quality.ladder import LIST
from benchmarks.quality.protocol import Ints
from benchmarks.said import report
from benchmarks.seeded_run import catalogue_files, newest, transformed
from components.artifacts import Tiles
from pipeline.loading import load_settings
from pipeline.settings import Settings
from trainer.calibration import fit_calibration
from trainer.recommender.calibrating import held_out_candidates
from trainer.recommender.model import SIGNALS, Parts, Recommender
from trainer.recommender.trained import Sources, read_parts, refreshed
from trainer.rows import read_rows
from transform import features as keys

_BATCH = 256

Found = tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]


class Variant(NamedTuple):
    """A composed path with some of its parts.

    Attributes:
        name: What it is called.
        signals: What it combines. With popularity go what is new, and declared aggregates.
    """

    name: str
    signals: tuple[str, ...]


VARIANTS = (
    Variant("two-tower alone", ("retriever",)),
    Variant("co-view alone", ("co_view",)),
    Variant("two-tower and co-view", ("retriever", "co_view")),
    Variant("two-tower, co-view, popularity", ("retriever", "co_view", "popularity", "new")),
    Variant("all, with the ranker", SIGNALS),
)
RETRIEVED = "two-tower alone; validation learned"  # what shows items that training never saw


def main(config: str, said: str) -> None:
    """Composes, asks, reports the ranks of the targets, and of those that training never saw."""
    settings = load_settings(config)
    sources = _sources(settings.root)
    transform = tft.TFTransformOutput(sources.transform_graph)
    validation = list(read_rows(sources.validation_files, transform, batch_size=_BATCH))
    held_out, measuring = f"/Split-{keys.VALIDATION}/", f"/Split-{keys.EVAL}/"
    test_files = [file.replace(held_out, measuring) for file in sources.validation_files]
    test = list(read_rows(test_files, transform, batch_size=_BATCH))
    parts = read_parts(sources, settings.recommender, settings.examples, transform, validation[0])
    learned = _candidates(parts, validation, settings)
    stages = {"validation held back": _candidates(parts, test, settings)}
    parts = refreshed(parts, sources, settings.examples, validation)
    stages["validation learned"] = _candidates(parts, test, settings)
    ranks = {
        f"{variant.name}; {stage}": _ranks(variant, learned, found)
        for variant in VARIANTS
        for stage, found in stages.items()
    }
    targets = np.concatenate([tf.reshape(row[keys.TARGET_ITEM_ID], [-1]) for row in test])
    unseen = ranks[RETRIEVED][parts.catalogue.counts[targets] == 0]
    ranks_of = {name: found.tolist() for name, found in ranks.items()}
    report(Path(said), ranks=ranks_of, unseen=unseen.tolist())


def _candidates(parts: Parts, rows: list[dict[str, Any]], settings: Settings) -> Found:
    return held_out_candidates(Recommender(parts), rows, settings.recommender)


def _ranks(variant: Variant, learned: Found, asked: Found) -> Ints:
    """Rank of each target from 1, 0 beyond the hundredth; the first of equals stands first."""
    columns = [SIGNALS.index(signal) for signal in variant.signals]
    if "popularity" in variant.signals:
        columns += range(len(SIGNALS), learned[0].shape[-1])
    calibration = fit_calibration(learned[0][..., columns], *learned[1:])
    signals, valid, taken = asked
    scores = signals[..., columns] @ np.array(calibration.weights)
    scores[~valid] = -np.inf
    first = np.argsort(-scores, axis=1, kind="stable")[:, :LIST]
    hit = np.take_along_axis(taken & valid, first, axis=1)
    ranks: Ints = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, 0)
    return ranks


def _sources(root: Path) -> Sources:
    """The trained parts that a run left below its root."""
    of = functools.partial(newest, root)
    return Sources(
        retriever=path_utils.serving_model_path(str(of("Retriever", "model"))),
        ranker=path_utils.serving_model_path(str(of("Ranker", "model"))),
        transform_graph=str(of("Transform", "transform_graph")),
        catalogue_files=(catalogue_files(root),),
        validation_files=(f"{transformed(root, keys.VALIDATION)}/*",),
        co_view=str(of("EventExampleGen", "tiles") / Tiles.CO_VIEW_FILE),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
