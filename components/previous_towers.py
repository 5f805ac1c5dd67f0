"""The trained models that a training may go on from: those of the model blessed before it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from tfx.dsl.components.common.resolver import ResolverStrategy

from components.artifact_lineage import ArtifactLineage
from components.blessings import blessed

_TOWERS = ("retriever", "ranker")

logger = logging.getLogger(__name__)


class PreviousTowersStrategy(ResolverStrategy):
    """Resolves retriever and ranker of the newest blessed recommender, if older than our rows.

    A recommender that is not older than the candidate does not count. So a run that is repeated
    finds what it found before, and its trainings come from the cache.

    Where the items behind the recommender were refreshed, the models are those of the training: to
    a refresh all new items are alike, whatever came of them.

    A model knows the rows that it was trained on, and what it went on from knew. Where an erasure
    has removed any of them, nothing is resolved: what follows must learn without that person.

    The resolver's channels: `retriever`, `ranker` (all models), `examples` (the rows of all runs),
    `model_blessing`, and `candidate` (the transformed rows of this run).
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[Any]]
    ) -> dict[str, list[Any]]:
        """Keeps a model for each tower, or none for any."""
        newest = max(candidate.id for candidate in input_dict["candidate"])
        blessings = blessed(input_dict["model_blessing"])
        found = {key: list[Any]() for key in input_dict} | {"candidate": input_dict["candidate"]}
        earlier = max((model for model in blessings if model < newest), default=None)
        if earlier is None:
            return found
        lineage = ArtifactLineage(store)
        _, parts = lineage.trained(earlier)
        towers = [parts[tower] for tower in _TOWERS]
        rows = {one for tower in towers for one in _rows_behind(lineage, tower)}
        if gone := rows - {artifact.id for artifact in input_dict["examples"]}:
            logger.warning(
                "Nothing goes on from model %d: of the rows behind it, %s were removed.",
                earlier,
                sorted(gone),
            )
            return found
        for key, tower in zip(_TOWERS, towers, strict=True):
            found[key] = [artifact for artifact in input_dict[key] if artifact.id == tower]
        return found


def _rows_behind(lineage: ArtifactLineage, tower: int) -> Iterator[int]:
    """The rows, before their transform, that a model and those before it were trained on."""
    model: int | None = tower
    while model is not None:
        given = lineage.made_from(model)
        yield lineage.made_from(given["examples"])["examples"]
        model = given.get("base_model")
