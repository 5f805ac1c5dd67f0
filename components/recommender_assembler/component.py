"""The RecommenderAssembler node: its channels and settings."""

from __future__ import annotations

from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.artifacts import Tiles
from components.recommender_assembler.executor import Executor


class RecommenderAssemblerSpec(component_spec.ComponentSpec):
    """Types of the node's parameters, inputs and outputs."""

    PARAMETERS: ClassVar = {
        "settings": component_spec.ExecutionParameter(type=str),
        "split": component_spec.ExecutionParameter(type=str),
        "example_settings": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "retriever": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "ranker": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "transformed_examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "tiles": component_spec.ChannelParameter(type=Tiles),
        "base": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS: ClassVar = {"model": component_spec.ChannelParameter(type=standard_artifacts.Model)}


class RecommenderAssembler(base_component.BaseComponent):
    """Composes the served model, so that index and towers are always of one version."""

    SPEC_CLASS = RecommenderAssemblerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        retriever: channel.BaseChannel,
        ranker: channel.BaseChannel,
        transform_graph: channel.BaseChannel,
        transformed_examples: channel.BaseChannel,
        tiles: channel.BaseChannel,
        settings: str,
        split: str,
        example_settings: str,
        code: str,
        base: channel.BaseChannel | None = None,
    ) -> None:
        """Declares the node.

        Args:
            retriever: The trained retriever.
            ranker: The trained ranker.
            transform_graph: The transform graph that both were trained behind.
            transformed_examples: Transformed rows with the catalogue and validation splits.
            tiles: Item aggregates of the training period, with the co-view table.
            settings: RecommenderSettings as JSON.
            split: SplitSettings as JSON, for the model's record of what trained it.
            example_settings: ExampleSettings as JSON: how the co-view table is made and read.
            code: Fingerprint of the code, so that changed code is not served from the cache.
            base: A recommender that was composed of the same trained parts over other items. What
                it was composed with is kept where it still holds.
        """
        super().__init__(
            RecommenderAssemblerSpec(
                retriever=retriever,
                ranker=ranker,
                transform_graph=transform_graph,
                transformed_examples=transformed_examples,
                tiles=tiles,
                settings=settings,
                split=split,
                example_settings=example_settings,
                code=code,
                base=base,
                model=channel.Channel(type=standard_artifacts.Model),
            )
        )
