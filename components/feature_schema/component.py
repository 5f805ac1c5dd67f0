"""The FeatureSchema node: its channels and settings."""

from __future__ import annotations

from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.feature_schema.executor import Executor


class FeatureSchemaSpec(ComponentSpec):
    """Types of the node's parameters, inputs and outputs."""

    PARAMETERS: ClassVar = {
        "features": ExecutionParameter(type=str),
        "aggregates": ExecutionParameter(type=str),
        "labels": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
    }
    OUTPUTS: ClassVar = {"schema": ChannelParameter(type=standard_artifacts.Schema)}


class FeatureSchema(base_component.BaseComponent):
    """Writes the schema that Transform reads with and ExampleValidator validates against."""

    SPEC_CLASS = FeatureSchemaSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        statistics: channel.BaseChannel,
        features: str,
        code: str,
        aggregates: str = "[]",
        labels: str = "[]",
    ) -> None:
        """Declares the node.

        Args:
            statistics: Statistics of the raw examples.
            features: Declared features as a JSON list.
            code: Fingerprint of the code, so that changed code is not served from the cache.
            aggregates: Declared aggregates as a JSON list.
            labels: Event types with a label of their own, as a JSON list.
        """
        super().__init__(
            FeatureSchemaSpec(
                statistics=statistics,
                features=features,
                aggregates=aggregates,
                labels=labels,
                code=code,
                schema=channel.Channel(type=standard_artifacts.Schema),
            )
        )
