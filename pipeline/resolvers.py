"""The nodes that look up what an earlier run has left."""

from __future__ import annotations

from tfx.dsl.components.common.resolver import Resolver
from tfx.types import standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from components.previous_model import PreviousBlessedModelStrategy
from components.previous_span import PreviousSpanStrategy
from components.previous_towers import PreviousTowersStrategy


def previous_span(candidate: BaseChannel) -> Resolver:
    """Statistics of the data of the model blessed before; empty in the first run."""
    return Resolver(
        strategy_class=PreviousSpanStrategy,
        statistics=Channel(type=standard_artifacts.ExampleStatistics),
        model_blessing=_blessings(),
        candidate=candidate,
    ).with_id("LatestBlessedSpan")


def previous_model(candidate: BaseChannel) -> Resolver:
    """The model blessed before the candidate; empty in the first run."""
    return Resolver(
        strategy_class=PreviousBlessedModelStrategy,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=_blessings(),
        candidate=candidate,
    ).with_id("LatestBlessedModel")


def previous_towers(candidate: BaseChannel) -> Resolver:
    """Retriever and ranker of the model blessed before; empty in the first run."""
    return Resolver(
        strategy_class=PreviousTowersStrategy,
        retriever=Channel(type=standard_artifacts.Model),
        ranker=Channel(type=standard_artifacts.Model),
        examples=Channel(type=standard_artifacts.Examples),
        model_blessing=_blessings(),
        candidate=candidate,
    ).with_id("LatestBlessedTowers")


def _blessings() -> Channel:
    """The Verdict's; both Evaluators bless too, for one half of the question each."""
    return Channel(
        type=standard_artifacts.ModelBlessing,
        producer_component_id="Verdict",
        output_key="blessing",
    )
