"""The model to hold a candidate against: the latest one blessed before it."""

from __future__ import annotations

from typing import Any

from tfx.dsl.components.common.resolver import ResolverStrategy

from components.blessings import blessed


class PreviousBlessedModelStrategy(ResolverStrategy):
    """Resolves the newest blessed model that is older than the candidate.

    TFX's LatestBlessedModelStrategy would answer, once a candidate is blessed, with the candidate
    itself: a second run would then evaluate it against itself, and find nothing in the cache.

    The resolver's channels: `model` (all models), `model_blessing`, and `candidate`.
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[Any]]
    ) -> dict[str, list[Any]]:
        """Keeps the model and its blessing; both are empty where there is none."""
        blessings = blessed(input_dict["model_blessing"])
        newest = max(candidate.id for candidate in input_dict["candidate"])
        older = [m for m in input_dict["model"] if m.id in blessings and m.id < newest]
        found = [max(older, key=lambda model: model.id)] if older else []
        return {
            "model": found,
            "model_blessing": [blessings[model.id] for model in found],
            "candidate": input_dict["candidate"],
        }
