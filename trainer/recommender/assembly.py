"""Composing the recommender from its trained parts, and calibrating it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from trainer.aggregates import scale_user_values
from trainer.calibration import Calibration, fit_calibration
from trainer.catalogue import read_catalogue
from trainer.export import read_description, restore
from trainer.metrics.item_table import ItemTable
from trainer.ranker.training import build as build_ranker
from trainer.recommender.index_choice import Sample, choose_index
from trainer.recommender.model import Parts, Recommender
from trainer.recommender.signatures import SERVED_TOP_K, ServedRecommender
from trainer.recommender.tables import read_co_view, read_item_names
from trainer.rows import read_rows
from trainer.sequences import without_history
from trainer.settings import RecommenderSettings
from trainer.two_tower.training import build as build_retriever
from transform import features as keys
from transform.aggregates import Aggregate
from transform.preprocessing import FIRST_ID, ITEM_VOCABULARY

_BATCH = 256
_SAMPLED = 512  # held-out requests on which the recall of an index is measured


@dataclass(frozen=True)
class Sources:
    """Where the parts lie.

    Attributes:
        retriever: Folder of the retriever's SavedModel.
        ranker: Folder of the ranker's SavedModel.
        transform_graph: Folder of the transform graph that both were trained behind.
        catalogue_files: Globs of the transformed catalogue rows.
        validation_files: Globs of transformed held-out rows that neither model trained on.
        co_view: The co-view tile (Parquet).
    """

    retriever: str
    ranker: str
    transform_graph: str
    catalogue_files: tuple[str, ...]
    validation_files: tuple[str, ...]
    co_view: str


def assemble(
    sources: Sources, settings: RecommenderSettings, co_view_decay: float
) -> tuple[ServedRecommender, dict[str, Calibration], ItemTable]:
    """Builds the composed recommender and fits its calibrations on the held-out rows.

    The table of items is for the metrics of lists.
    """
    transform = tft.TFTransformOutput(sources.transform_graph)
    description = read_description(sources.retriever)
    features, aggregates = description.features, description.aggregates
    catalogue = read_catalogue(
        sources.catalogue_files,
        transform,
        features,
        aggregates,
        items=description.vocabulary.items,
    )
    rows = list(read_rows(sources.validation_files, transform, batch_size=_BATCH))
    retriever = build_retriever(description, catalogue, rows[0], seed=0)
    restore(retriever, sources.retriever)
    ranker = build_ranker(read_description(sources.ranker), catalogue, rows[0])
    restore(ranker, sources.ranker)
    names = read_item_names(transform.vocabulary_file_by_name(ITEM_VOCABULARY))
    parts = Parts(
        retriever=retriever,
        ranker=ranker,
        catalogue=catalogue,
        co_view=read_co_view(sources.co_view, names),
        co_view_decay=co_view_decay,
        settings=settings,
        features=features,
    )
    recommender = Recommender(parts)
    sample = _sample(recommender, rows)
    longest = max(SERVED_TOP_K, settings.candidates // len(settings.sources))
    recommender.set_index(choose_index(recommender.exact, sample, settings, longest=longest))
    calibrations = {
        # The same requests once more, with nothing known of who asks.
        "newcomers": calibrate(recommender, [newcomer(row, aggregates) for row in rows], settings),
        "known": calibrate(recommender, rows, settings),
    }
    recommender.set_calibration(**calibrations)
    served = ServedRecommender(recommender, transform, features, aggregates)
    items = ItemTable(
        [name.encode() for name in names[FIRST_ID:]],
        catalogue.counts[FIRST_ID:].astype(np.int64),
        recommender.vectors.numpy()[FIRST_ID:],
    )
    return served, calibrations, items


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
    """Fits the calibration on the candidates that held-out requests really get.

    Where seen items are not shown, requests for one are left out: a score then is the probability
    that an item is the next *new* one.
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
    return fit_calibration(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
