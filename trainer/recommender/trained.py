"""The trained parts of a recommender, before and after they have seen the validation rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from trainer.catalogue import read_catalogue
from trainer.export import read_description, restore
from trainer.ranker.training import build as build_ranker
from trainer.recommender.model import Parts
from trainer.recommender.tables import read_co_view, read_item_names, with_followed
from trainer.settings import RecommenderSettings
from trainer.two_tower.training import build as build_retriever
from transform import features as keys
from transform.settings import ExampleSettings


@dataclass(frozen=True)
class Sources:
    """Where the parts lie.

    Attributes:
        retriever: Folder of the retriever's SavedModel.
        ranker: Folder of the ranker's SavedModel.
        transform_graph: Folder of the transform graph that both were trained behind.
        catalogue_files: Globs of the transformed catalogue rows.
        validation_files: Globs of transformed held-out rows: they chose the epochs, and calibrate
            where no lists do.
        co_view: The co-view tile (Parquet).
        shown_files: Globs of transformed lists that users were shown meanwhile, where scores are
            fitted to these.
    """

    retriever: str
    ranker: str
    transform_graph: str
    catalogue_files: tuple[str, ...]
    validation_files: tuple[str, ...]
    co_view: str
    shown_files: tuple[str, ...] = ()


def read_parts(
    sources: Sources,
    settings: RecommenderSettings,
    examples: ExampleSettings,
    transform: tft.TFTransformOutput,
    row: dict[str, Any],
) -> Parts:
    """The parts, none of which has seen the validation rows.

    Args:
        sources: Where they lie.
        settings: Of the composed path.
        examples: How the co-view table is read.
        transform: The transform graph.
        row: Any batch of transformed held-out rows.
    """
    description = read_description(sources.retriever)
    catalogue = read_catalogue(
        sources.catalogue_files,
        transform,
        description.features,
        description.aggregates,
        items=description.vocabulary.items,
    )
    retriever = build_retriever(description, catalogue, row, seed=0)
    restore(retriever, sources.retriever, before_refresh=True)
    ranker = build_ranker(read_description(sources.ranker), catalogue, row)
    restore(ranker, sources.ranker)
    names = read_item_names(transform)
    return Parts(
        retriever=retriever,
        ranker=ranker,
        catalogue=catalogue,
        co_view=read_co_view(sources.co_view, names),
        co_view_decay=examples.co_view_decay,
        settings=settings,
        features=description.features,
    )


def refreshed(
    parts: Parts, sources: Sources, examples: ExampleSettings, rows: list[dict[str, Any]]
) -> Parts:
    """The same parts after they have seen the validation rows.

    The retriever takes its other weights; the co-view table is a new one; the aggregates of items
    are those of the moment when these rows ended.
    """
    restore(parts.retriever, sources.retriever)
    parts = replace(parts, catalogue=parts.catalogue.latest())
    if not parts.settings.refresh_co_view:
        return parts
    # The table reads no more of a history, which may be a thousand times as long.
    near = (row[keys.HISTORY_ITEM_ID][:, -examples.co_view_window :] for row in rows)
    histories = [history for batch in near for history in batch.to_list()]
    targets = [t for row in rows for t in tf.reshape(row[keys.TARGET_ITEM_ID], [-1]).numpy()]
    followed = with_followed(parts.co_view, histories, targets, examples)
    return replace(parts, co_view=followed)
