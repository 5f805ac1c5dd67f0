"""Which artifact was made from which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ml_metadata.proto.metadata_store_pb2 import Event

_INPUTS = (Event.INPUT, Event.DECLARED_INPUT)
_OUTPUTS = (Event.OUTPUT, Event.DECLARED_OUTPUT)


class ArtifactLineage:
    """Who made what from what, by plain look-ups: this store no longer answers filter queries."""

    def __init__(self, store: Any) -> None:
        """Takes the metadata store."""
        self._store = store

    def maker(self, artifact: int) -> int:
        """The execution that made an artifact, not one that took it from the cache."""
        events = self._store.get_events_by_artifact_ids([artifact])
        return min(int(event.execution_id) for event in events if event.type in _OUTPUTS)

    def users(self, artifact: int) -> list[int]:
        """The executions that read an artifact."""
        events = self._store.get_events_by_artifact_ids([artifact])
        return sorted({event.execution_id for event in events if event.type in _INPUTS})

    def inputs(self, execution: int) -> dict[str, int]:
        """Key -> artifact that an execution read."""
        return self._keyed(execution, _INPUTS)

    def outputs(self, execution: int) -> dict[str, int]:
        """Key -> artifact that an execution made."""
        return self._keyed(execution, _OUTPUTS)

    def made_from(self, artifact: int) -> dict[str, int]:
        """Key -> artifact that an artifact was made from."""
        return self.inputs(self.maker(artifact))

    def trained(self, recommender: int) -> tuple[int, dict[str, int]]:
        """A composed recommender's training: the recommender that it composed, and of what.

        That is the recommender itself, unless the items behind it were refreshed.
        """
        parts = self.made_from(recommender)
        while (before := self.made_from(parts["retriever"]).get("model")) is not None:
            recommender, parts = before, self.made_from(before)
        return recommender, parts

    def _keyed(self, execution: int, kinds: Iterable[Any]) -> dict[str, int]:
        events = self._store.get_events_by_execution_ids([execution])
        return {
            event.path.steps[0].key: event.artifact_id for event in events if event.type in kinds
        }
