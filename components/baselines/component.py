"""The Baselines node: its channels and settings."""

from __future__ import annotations

from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.artifacts import BaselineMetrics
from components.baselines.executor import Executor


class BaselinesSpec(component_spec.ComponentSpec):
    """Types of the node's parameters, inputs and outputs."""

    PARAMETERS: ClassVar = {
        "split": component_spec.ExecutionParameter(type=str),
        "exclude_seen": component_spec.ExecutionParameter(type=int),
        "code": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples)
    }
    OUTPUTS: ClassVar = {"metrics": component_spec.ChannelParameter(type=BaselineMetrics)}


class Baselines(base_component.BaseComponent):
    """Measures most-popular, recent-popular, ItemKNN and sequential rules on the eval split."""

    SPEC_CLASS = BaselinesSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        examples: channel.BaseChannel,
        split: str,
        exclude_seen: bool,
        code: str,
    ) -> None:
        """Declares the node.

        Args:
            examples: Raw rows with the splits train, validation, eval and catalogue.
            split: SplitSettings as JSON.
            exclude_seen: Whether lists leave out what the history holds, as the composed model's.
            code: Fingerprint of the code, so that changed code is not served from the cache.
        """
        super().__init__(
            BaselinesSpec(
                examples=examples,
                split=split,
                exclude_seen=int(exclude_seen),
                code=code,
                metrics=channel.Channel(type=BaselineMetrics),
            )
        )
