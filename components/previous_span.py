"""The data to hold a run's data against: what the model blessed before it was trained on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ml_metadata.proto.metadata_store_pb2 import Event
from tfx.dsl.components.common.resolver import ResolverStrategy

from components.blessings import blessed

_WENT_ON_FROM = "base_model"  # the input of a training that starts warm: it has data of its own


class PreviousSpanStrategy(ResolverStrategy):
    """Resolves the statistics of the data behind the newest blessed model, if older than ours.

    Statistics that are not older than the candidate do not count. So the run's own blessing, or
    that of a later run, does not change what a repeated run is held against, and DataGate is
    served from the cache.

    The resolver's channels: `statistics` (of all runs), `model_blessing`, and `candidate` (the
    statistics of this run).
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[Any]]
    ) -> dict[str, list[Any]]:
        """Keeps the statistics and the blessing; both are empty where there are none."""
        newest = max(candidate.id for candidate in input_dict["candidate"])
        older = {s.id: s for s in input_dict["statistics"] if s.id < newest}
        blessings = blessed(input_dict["model_blessing"])
        for model in sorted(blessings, reverse=True):
            found = _nearest_upstream(store, model, older)
            if found is not None:
                return {
                    "statistics": [older[found]],
                    "model_blessing": [blessings[model]],
                    "candidate": input_dict["candidate"],
                }
        return {"statistics": [], "model_blessing": [], "candidate": input_dict["candidate"]}


def _nearest_upstream(store: Any, artifact: int, wanted: Iterable[int]) -> int | None:
    """The first of some artifacts on the way back along what an artifact was made from.

    Only plain look-ups: this metadata store no longer answers filter queries.
    """
    wanted = set(wanted)
    known, layer = {artifact}, [artifact]
    while layer:
        made_by = _executions(store.get_events_by_artifact_ids(layer))
        inputs = _inputs(store.get_events_by_execution_ids(made_by)) if made_by else set()
        layer = sorted(inputs - known)
        known |= inputs
        if reached := wanted & inputs:
            return max(reached)
    return None


def _executions(events: Iterable[Any]) -> list[int]:
    return sorted({event.execution_id for event in events if event.type == Event.OUTPUT})


def _inputs(events: Iterable[Any]) -> set[int]:
    return {
        event.artifact_id
        for event in events
        if event.type == Event.INPUT and all(step.key != _WENT_ON_FROM for step in event.path.steps)
    }
