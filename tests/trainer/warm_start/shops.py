"""A toy shop before and after new items came, and its vocabularies took another order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tests.trainer.conftest import FEATURES, LENGTH, request_rows
from trainer.catalogue import Catalogue, always_available
from trainer.export import Description, save
from trainer.ranker.model import Ranker
from trainer.ranker.training import build as build_ranker
from trainer.settings import RankerSettings, RetrieverSettings
from trainer.two_tower.model import TwoTower
from trainer.two_tower.training import build as build_retriever
from trainer.vocabulary import Vocabulary

COLOURS = {"lamp": "red", "rug": "blue", "vase": "red", "desk": "blue", "sofa": "red"}
COLOURS |= {"new": "blue", "newer": "green"}
RETRIEVER = {"dimension": 8, "layers": 1, "heads": 2, "uniform_negatives": 5}
RANKER = {"dimension": 8, "hidden": (8,)}


class Shop:
    """A transform graph's vocabularies, and models over them."""

    def __init__(
        self, items: Sequence[str], types: Sequence[str], colours: Sequence[str], unseen: str = ""
    ) -> None:
        """Takes terms in the order of their ids; of the item `unseen` there is no event."""
        self.terms = {"items": items, "event_types": types, "colour": colours}
        self.unseen = unseen

    def transformed_feature_spec(self) -> dict[str, Any]:
        return {"request_time": tf.io.FixedLenFeature([], tf.int64)}

    def vocabulary_by_name(self, name: str) -> list[bytes]:
        return [term.encode() for term in self.terms[name]]

    def ids(self, *items: str) -> list[int]:
        return [2 + self.terms["items"].index(item) for item in items]

    def row(self, *history: str) -> dict[str, Any]:
        """A request whose events are all clicks, with each item as a candidate."""
        row = request_rows([self.ids(*history)], [self.ids(*history)])
        click = 2 + self.terms["event_types"].index("click")
        return row | {"history_event_type": tf.ones_like(row["history_item_id"]) * click}

    def describe(self, settings: Any, **changes: Any) -> Description:
        sizes = {name: len(terms) + 2 for name, terms in self.terms.items()}
        vocabulary = Vocabulary(
            items=sizes["items"],
            event_types=sizes["event_types"],
            features={"colour": sizes["colour"]},
        )
        plain = Description(
            settings=settings.model_dump(),
            features=FEATURES,
            aggregates=(),
            vocabulary=vocabulary,
            history_length=LENGTH,
            protocol="time",
            last_time=1000,
        )
        return plain.model_copy(update=changes)

    def retriever(self, seed: int, changed: dict[str, Any] | None = None, **changes: Any) -> Any:
        """A retriever and its description; settings and description may be changed."""
        tf.keras.utils.set_random_seed(seed)
        description = self.describe(RetrieverSettings(**RETRIEVER | (changed or {})), **changes)
        model: TwoTower = build_retriever(description, self.catalogue(), self.row("lamp"), seed=1)
        return model, description

    def ranker(self, seed: int, changed: dict[str, Any] | None = None, **changes: Any) -> Any:
        """A ranker and its description; settings and description may be changed."""
        tf.keras.utils.set_random_seed(seed)
        description = self.describe(RankerSettings(**RANKER | (changed or {})), **changes)
        model: Ranker = build_ranker(description, self.catalogue(), self.row("lamp"))
        return model, description

    def save(self, model: Any, description: Description, folder: Path) -> str:
        save(model, str(folder), description, self, lambda rows: rows)
        return str(folder)

    def catalogue(self) -> Catalogue:
        """The tables of its items."""
        items = self.terms["items"]
        known = self.terms["colour"]
        colours = [[0], [0], *([2 + known.index(COLOURS[item])] for item in items)]
        counts = np.array([0, 0, *(int(item != self.unseen) for item in items)])
        size = len(items) + 2
        return Catalogue(
            counts,
            np.arange(size) >= 2,
            always_available(size),
            {"colour": np.array(colours)},
            np.zeros((size, 0), np.float32),
        )


def earlier_shop() -> Shop:
    return Shop(["lamp", "rug", "vase", "desk", "sofa"], ["view", "click"], ["red", "blue"], "desk")


def grown_shop() -> Shop:
    """Two items more, all ids others, and every item has been seen."""
    items = ["new", "vase", "sofa", "newer", "desk", "rug", "lamp"]
    return Shop(items, ["click", "buy", "view"], ["blue", "green", "red"])
