"""Both trained models over the items as they are now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from trainer.catalogue import Catalogue, read_catalogue
from trainer.export import (
    EDITION,
    Description,
    read_description,
    save,
    save_before_refresh,
    saved_variables,
    was_refreshed,
)
from trainer.ranker.training import build as build_ranker
from trainer.recommender.tables import read_item_names
from trainer.rows import read_rows
from trainer.two_tower.training import build as build_retriever

_Build = Callable[[Description, Catalogue, dict[str, Any]], tf.keras.Model]


class ExtensionError(ValueError):
    """A trained model cannot be carried over to another catalogue."""


@dataclass(frozen=True)
class Place:
    """A transform graph and what was transformed by it.

    Attributes:
        transform_graph: Its folder.
        catalogue_files: Globs of transformed catalogue rows.
    """

    transform_graph: str
    catalogue_files: tuple[str, ...]

    def catalogue(self, description: Description) -> Catalogue:
        """The tables of all items that the graph knows."""
        transform = tft.TFTransformOutput(self.transform_graph)
        return read_catalogue(
            self.catalogue_files,
            transform,
            description.features,
            description.aggregates,
            items=len(read_item_names(transform)),
        )


@dataclass(frozen=True)
class Towers:
    """Folders of the SavedModels of both models."""

    retriever: str
    ranker: str


def extend_towers(trained: Towers, extended: Towers, now: Place, rows: str) -> None:
    """Writes trained models anew, over another catalogue; no weight changes.

    The tables of the catalogue (content, counts) are those of now. An item without a training
    event has no id of its own in either model: its content alone gives it a vector, as in the
    training itself.

    Args:
        trained: Where the models lie.
        extended: Where they are written.
        now: An extension of what they were trained behind: known items keep their ids, new ones
            follow.
        rows: Glob of any transformed rows with candidates; one gives the models their shapes.
    """
    transform = tft.TFTransformOutput(now.transform_graph)
    row = next(iter(read_rows([rows], transform, batch_size=1)))
    catalogue = now.catalogue(read_description(trained.retriever))
    retriever, description = _extended(_build_retriever, trained.retriever, catalogue, row)
    save(
        retriever,
        extended.retriever,
        description,
        transform,
        lambda batch: {"embedding": retriever(batch)},
    )
    if was_refreshed(trained.retriever):
        earlier = saved_variables(trained.retriever, before_refresh=True)
        carry_over(earlier, retriever, len(catalogue.counts))
        save_before_refresh(retriever, extended.retriever)
    ranker, description = _extended(build_ranker, trained.ranker, catalogue, row)
    save(
        ranker,
        extended.ranker,
        description,
        transform,
        lambda batch: {"logit": ranker(batch)},
    )


def _build_retriever(
    description: Description, catalogue: Catalogue, row: dict[str, Any]
) -> tf.keras.Model:
    return build_retriever(description, catalogue, row, seed=0)


def _extended(
    build: _Build, folder: str, now: Catalogue, row: dict[str, Any]
) -> tuple[tf.keras.Model, Description]:
    """A trained model over another catalogue, and its description."""
    description = read_description(folder)
    refuse_other_edition(description)
    items = len(now.counts)
    vocabulary = description.vocabulary.model_copy(update={"items": items})
    description = description.model_copy(update={"vocabulary": vocabulary})
    model = build(description, now, row)
    carry_over(saved_variables(folder), model, items)
    return model, description


def refuse_other_edition(description: Description) -> None:
    """A model must be of the code that builds it again.

    Raises:
        ExtensionError: It was trained by code that computes something else from its weights.
    """
    if description.edition != EDITION:
        raise ExtensionError(
            "A model can be carried over by the edition of the trainer that trained it. Received: "
            f"one of edition {description.edition}, this is {EDITION}. Train the model anew "
            "(sluice run)."
        )


def carry_over(trained: Iterable[npt.NDArray[Any]], model: tf.keras.Model, items: int) -> None:
    """Gives a model over more items the weights of a trained one.

    Args:
        trained: The values of the variables of the trained model.
        model: The same over `items` rows of item tables. What is not trained in it is a table of
            items, and stays as it is.
        items: Known items, new ones, padding and unknown.

    Raises:
        ExtensionError: The models differ in something else than the number of items.
    """
    for weights, new in zip(trained, model.variables, strict=True):
        if not new.trainable:
            if new.shape.rank == 0 or new.shape[0] != items:
                raise ExtensionError(
                    "What a model does not train must be a table with a row for each item. "
                    f"Received: {new.name} of shape {tuple(new.shape)} with {items} items. "
                    "Say in `trainer.extension.towers` how it is carried over."
                )
            continue
        if weights.shape[1:] != tuple(new.shape[1:]):
            raise ExtensionError(
                "A trained weight must keep its shape but for the rows of items. Received: "
                f"{new.name} of shape {weights.shape}, now {tuple(new.shape)}. "
                "Train the model anew (sluice run)."
            )
        rows = np.zeros(new.shape, weights.dtype)  # of new items: never read, they have no id
        rows[tuple(map(slice, weights.shape))] = weights
        new.assign(rows)
