"""Composing the recommender from its trained parts, and calibrating it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from trainer.calibration import Calibration
from trainer.export import read_description, was_refreshed
from trainer.metrics.item_table import ItemTable
from trainer.recommender.calibrating import HeldOut, by_requests, by_shown_lists
from trainer.recommender.index_choice import Sample, choose_index
from trainer.recommender.model import Parts, Recommender
from trainer.recommender.partitioned_index import PartitionedIndex
from trainer.recommender.partitions import Directions
from trainer.recommender.record import Earlier
from trainer.recommender.signatures import SERVED_TOP_K, ServedRecommender
from trainer.recommender.tables import read_item_names
from trainer.recommender.trained import Sources, read_parts, refreshed
from trainer.rows import read_rows
from trainer.settings import RecommenderSettings
from transform import features as keys
from transform.preprocessing import FIRST_ID
from transform.settings import ExampleSettings

logger = logging.getLogger(__name__)

_BATCH = 256
# Share of the items that must be what they were, to both models, for the calibrations to be kept.
_MOSTLY = 0.95
_SAMPLED = 512  # held-out requests on which the recall of an index is measured


@dataclass(frozen=True)
class Assembled:
    """A composed recommender.

    Attributes:
        served: With its signatures.
        calibrations: Of requests without any history, and of the others.
        items: The table of items, for the metrics of lists.
        ranker_vectors: The ranker's vectors of the same items, float32 [V, R].
        directions: That its items are partitioned by; None where the search is exact.
        last_time: Of the latest validation row that the model has learned from, unix seconds;
            None where it has learned from none.
    """

    served: ServedRecommender
    calibrations: Mapping[str, Calibration]
    items: ItemTable
    ranker_vectors: npt.NDArray[np.float32]
    directions: Directions | None
    last_time: int | None


def assemble(
    sources: Sources,
    settings: RecommenderSettings,
    examples: ExampleSettings,
    earlier: Earlier | None = None,
) -> Assembled:
    """Builds the composed recommender.

    The calibrations are fitted on held-out rows, from parts that have not seen these. Then what
    has seen them takes their place. Over the items of an earlier recommender of the same parts,
    give or take a few, its calibrations are right as they are: when the held-out requests came,
    nobody could take what is new. The gates measure them all the same.

    Args:
        sources: Where the trained parts lie.
        settings: Of the composed path.
        examples: How the co-view table is made and read.
        earlier: A recommender that was composed of the same trained parts.
    """
    composing = _Composing(sources, settings, examples, earlier)
    if earlier is not None and earlier.record.composes(settings, examples):
        composed = composing.learned(composing.parts())
        same = earlier.unchanged(composed.items, composed.ranker_vectors)
        logger.info("%.1f %% of the items are what they were.", 100.0 * same)
        if same >= _MOSTLY:
            return composing.assembled(composed, earlier.record.calibrations)
    parts = composing.parts()
    calibrations = composing.calibrated(parts)
    return composing.assembled(composing.learned(parts), calibrations)


class _Composed(NamedTuple):
    """A recommender, not calibrated yet, and its items as both models see them."""

    recommender: Recommender
    items: ItemTable
    ranker_vectors: npt.NDArray[np.float32]


class _Composing:
    """The steps of the composition, and what several of them read."""

    def __init__(
        self,
        sources: Sources,
        settings: RecommenderSettings,
        examples: ExampleSettings,
        earlier: Earlier | None,
    ) -> None:
        self._sources, self._settings, self._examples = sources, settings, examples
        self._directions = None if earlier is None else earlier.directions
        self._transform = tft.TFTransformOutput(sources.transform_graph)
        self._description = read_description(sources.retriever)
        self._rows = list(read_rows(sources.validation_files, self._transform, batch_size=_BATCH))
        self._learns = settings.refresh_co_view or was_refreshed(sources.retriever)

    def parts(self) -> Parts:
        """The parts, none of which has seen the validation rows."""
        return read_parts(
            self._sources, self._settings, self._examples, self._transform, self._rows[0]
        )

    def calibrated(self, parts: Parts) -> dict[str, Calibration]:
        """Calibrations of parts that have not seen the validation rows."""
        recommender, aggregates = self._indexed(parts), self._description.aggregates
        if not self._settings.fits_shown_lists:
            return by_requests(recommender, self._rows, aggregates, self._settings)
        shown = read_rows(self._sources.shown_files, self._transform, batch_size=_BATCH)
        rows = HeldOut(self._rows, list(shown))
        return by_shown_lists(recommender, rows, aggregates, self._settings)

    def learned(self, parts: Parts) -> _Composed:
        """The recommender of parts that have seen the validation rows, where they are to."""
        if self._learns:
            parts = refreshed(parts, self._sources, self._examples, self._rows)
        recommender = self._indexed(parts)
        names = read_item_names(self._transform)[FIRST_ID:]
        items = ItemTable(
            [name.encode() for name in names],
            parts.catalogue.counts[FIRST_ID:].astype(np.int64),
            recommender.vectors.numpy()[FIRST_ID:],
        )
        return _Composed(recommender, items, recommender.ranker_vectors.numpy()[FIRST_ID:])

    def assembled(self, composed: _Composed, calibrations: Mapping[str, Calibration]) -> Assembled:
        """What comes out."""
        recommender, items, ranker_vectors = composed
        recommender.set_calibration(**calibrations)
        features, aggregates = self._description.features, self._description.aggregates
        index = recommender.index
        return Assembled(
            ServedRecommender(recommender, self._transform, features, aggregates),
            calibrations,
            items,
            ranker_vectors,
            index.directions if isinstance(index, PartitionedIndex) else None,
            _last_time(self._rows) if self._learns else None,
        )

    def _indexed(self, parts: Parts) -> Recommender:
        """The recommender of the parts with the index that suits its vectors."""
        recommender = Recommender(parts)
        settings = self._settings
        recommender.set_index(
            choose_index(
                recommender.exact,
                _sample(recommender, self._rows),
                settings,
                longest=max(SERVED_TOP_K, settings.candidates // len(settings.sources)),
                kept=self._directions,
            )
        )
        return recommender


def _last_time(rows: list[dict[str, Any]]) -> int:
    return max(int(tf.reduce_max(row[keys.REQUEST_TIME])) for row in rows)


def _sample(recommender: Recommender, rows: list[dict[str, Any]]) -> Sample:
    """The first held-out requests, as the index sees them."""
    first = rows[: -(-_SAMPLED // _BATCH)]
    times = [tf.reshape(row[keys.REQUEST_TIME], [-1]).numpy() for row in first]
    queries = [recommender.query(row).numpy() for row in first]
    return Sample(np.concatenate(queries)[:_SAMPLED], np.concatenate(times)[:_SAMPLED])
