"""The ItemRefresh node: its channels and settings."""

from __future__ import annotations

from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.item_refresh.driver import Driver
from components.item_refresh.executor import Executor


class ItemRefreshSpec(ComponentSpec):
    """Types of the node's parameters, inputs and outputs."""

    PARAMETERS: ClassVar = {
        "data": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
        "aggregates": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "trained_retriever": ChannelParameter(type=standard_artifacts.Model),
        "trained_ranker": ChannelParameter(type=standard_artifacts.Model),
        "trained_transform_graph": ChannelParameter(type=standard_artifacts.TransformGraph),
        "trained_examples": ChannelParameter(type=standard_artifacts.Examples),
        "trained_transformed_examples": ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS: ClassVar = {
        "retriever": ChannelParameter(type=standard_artifacts.Model),
        "ranker": ChannelParameter(type=standard_artifacts.Model),
        "transform_graph": ChannelParameter(type=standard_artifacts.TransformGraph),
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "transformed_examples": ChannelParameter(type=standard_artifacts.Examples),
    }


class ItemRefresh(base_component.BaseComponent):
    """Carries what a training made over to the items table as it is now.

    Its outputs take the place of those of EventExampleGen, Transform and both Trainers: whoever
    composes and judges a recommender need not know that nothing was trained. New items follow the
    known ones in the vocabulary; content and availability of all items are those of now; what
    comes from behaviour (counts, aggregates, co-views) is that of the training, 0 for new items.
    """

    SPEC_CLASS = ItemRefreshSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        *,
        model: channel.BaseChannel,
        retriever: channel.BaseChannel,
        ranker: channel.BaseChannel,
        transform_graph: channel.BaseChannel,
        examples: channel.BaseChannel,
        transformed_examples: channel.BaseChannel,
        data: str,
        features: str,
        aggregates: str,
        code: str,
    ) -> None:
        """Declares the node.

        Args:
            model: The recommender that the training made.
            retriever: Its retriever.
            ranker: Its ranker.
            transform_graph: What both were trained behind.
            examples: Raw rows with the catalogue and the held-out splits.
            transformed_examples: The same rows, transformed.
            data: DataSettings as JSON; only the items table is read.
            features: Declared features as a JSON list.
            aggregates: Declared aggregates as a JSON list.
            code: Fingerprint of the code, so that changed code is not served from the cache.
        """
        super().__init__(
            ItemRefreshSpec(
                model=model,
                trained_retriever=retriever,
                trained_ranker=ranker,
                trained_transform_graph=transform_graph,
                trained_examples=examples,
                trained_transformed_examples=transformed_examples,
                data=data,
                features=features,
                aggregates=aggregates,
                code=code,
                retriever=channel.Channel(type=standard_artifacts.Model),
                ranker=channel.Channel(type=standard_artifacts.Model),
                transform_graph=channel.Channel(type=standard_artifacts.TransformGraph),
                examples=channel.Channel(type=standard_artifacts.Examples),
                transformed_examples=channel.Channel(type=standard_artifacts.Examples),
            )
        )
