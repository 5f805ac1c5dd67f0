"""Composing the recommender from its trained parts, and calibrating it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from trainer.aggregates import scale_user_values
from trainer.calibration import Calibration, fit_calibration
from trainer.export import read_description, was_refreshed
from trainer.metrics.item_table import ItemTable
from trainer.recommender.index_choice import Sample, choose_index
from trainer.recommender.model import Parts, Recommender
from trainer.recommender.signatures import SERVED_TOP_K, ServedRecommender
from trainer.recommender.tables import read_item_names
from trainer.recommender.trained import Sources, read_parts, refreshed
from trainer.rows import read_rows
from trainer.sequences import without_history
from trainer.settings import RecommenderSettings
from transform import features as keys
from transform.aggregates import Aggregate
from transform.preprocessing import FIRST_ID
from transform.settings import ExampleSettings

_BATCH = 256
_SAMPLED = 512  # held-out requests on which the recall of an index is measured


@dataclass(frozen=True)
class Assembled:
    """A composed recommender.

    Attributes:
        served: With its signatures.
        calibrations: Of requests without any history, and of the others.
        items: The table of items, for the metrics of lists.
        last_time: Of the latest validation row that the model has learned from, unix seconds;
            None where it has learned from none.
    """

    served: ServedRecommender
    calibrations: dict[str, Calibration]
    items: ItemTable
    last_time: int | None


def assemble(
    sources: Sources, settings: RecommenderSettings, examples: ExampleSettings
) -> Assembled:
    """Builds the composed recommender.

    The calibrations are fitted on held-out rows, from parts that have not seen these. Then what
    has seen them takes their place.
    """
    transform = tft.TFTransformOutput(sources.transform_graph)
    description = read_description(sources.retriever)
    features, aggregates = description.features, description.aggregates
    rows = list(read_rows(sources.validation_files, transform, batch_size=_BATCH))
    names = read_item_names(transform)
    parts = read_parts(sources, settings, examples, transform, rows[0])
    recommender = _indexed(parts, rows)
    calibrations = {
        # The same requests once more, with nothing known of who asks.
        "newcomers": calibrate(recommender, [newcomer(row, aggregates) for row in rows], settings),
        "known": calibrate(recommender, rows, settings),
    }
    learns = settings.refresh_co_view or was_refreshed(sources.retriever)
    if learns:
        recommender = _indexed(refreshed(parts, sources, examples, rows), rows)
    recommender.set_calibration(**calibrations)
    return Assembled(
        ServedRecommender(recommender, transform, features, aggregates),
        calibrations,
        ItemTable(
            [name.encode() for name in names[FIRST_ID:]],
            parts.catalogue.counts[FIRST_ID:].astype(np.int64),
            recommender.vectors.numpy()[FIRST_ID:],
        ),
        _last_time(rows) if learns else None,
    )


def _indexed(parts: Parts, rows: list[dict[str, Any]]) -> Recommender:
    """The recommender of the parts with the index that suits its vectors."""
    recommender = Recommender(parts)
    settings = parts.settings
    sample = _sample(recommender, rows)
    longest = max(SERVED_TOP_K, settings.candidates // len(settings.sources))
    recommender.set_index(choose_index(recommender.exact, sample, settings, longest=longest))
    return recommender


def _last_time(rows: list[dict[str, Any]]) -> int:
    return max(int(tf.reduce_max(row[keys.REQUEST_TIME])) for row in rows)


def _sample(recommender: Recommender, rows: list[dict[str, Any]]) -> Sample:
    """The first held-out requests, as the index sees them."""
    first = rows[: -(-_SAMPLED // _BATCH)]
    times = [tf.reshape(row[keys.REQUEST_TIME], [-1]).numpy() for row in first]
    queries = [recommender.query(row).numpy() for row in first]
    return Sample(np.concatenate(queries)[:_SAMPLED], np.concatenate(times)[:_SAMPLED])


def newcomer(row: dict[str, Any], aggregates: Sequence[Aggregate]) -> dict[str, Any]:
    """The same requests from people of whom nothing is known yet."""
    nothing = tf.zeros_like(row[keys.REQUEST_TIME], tf.float32)
    return scale_user_values(without_history(row), aggregates, nothing)


def calibrate(
    recommender: Recommender, rows: list[dict[str, Any]], settings: RecommenderSettings
) -> Calibration:
    """Fits the calibration on the candidates that held-out requests really get."""
    return fit_calibration(*held_out_candidates(recommender, rows, settings))


def held_out_candidates(
    recommender: Recommender, rows: list[dict[str, Any]], settings: RecommenderSettings
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The candidates that held-out requests get.

    Where seen items are not shown, requests for one are left out: a score then is the probability
    that an item is the next *new* one.

    Returns:
        Signals [N, C, F], which places hold a candidate [N, C], which candidate was taken [N, C].
    """
    candidates = tf.function(recommender.candidates, reduce_retracing=True)
    found = []
    for row in rows:
        target = tf.reshape(row[keys.TARGET_ITEM_ID], [-1, 1])
        nothing_excluded = tf.zeros_like(target)
        ids, valid, signals = candidates(row, nothing_excluded, tf.constant(settings.candidates))
        again = tf.reduce_any(row[keys.HISTORY_ITEM_ID].to_tensor() == target, axis=1)
        asked = ~again.numpy() if settings.exclude_seen else slice(None)
        parts = (signals.numpy(), valid.numpy(), (ids == target).numpy())
        found.append([part[asked] for part in parts])
    signals, valid, taken = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return signals, valid, taken
