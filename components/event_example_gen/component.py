"""The EventExampleGen node: its channels and settings."""

from __future__ import annotations

from typing import ClassVar

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifacts import DataAccount, Tiles, UserStates
from components.event_example_gen.driver import Driver
from components.event_example_gen.executor import Executor


class EventExampleGenSpec(ComponentSpec):
    """Types of the node's parameters and outputs."""

    PARAMETERS: ClassVar = {
        "data": ExecutionParameter(type=str),
        "split": ExecutionParameter(type=str),
        "example_settings": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
        "aggregates": ExecutionParameter(type=str),
        "seed": ExecutionParameter(type=int),
        "code": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, ChannelParameter]] = {}
    OUTPUTS: ClassVar = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "tiles": ChannelParameter(type=Tiles),
        "user_states": ChannelParameter(type=UserStates),
        "account": ChannelParameter(type=DataAccount),
    }


class EventExampleGen(base_beam_component.BaseBeamComponent):
    """Reads the logs and writes the rows that models learn from and are measured on.

    Its driver adds the fingerprint of the input's content to the execution properties, so that
    unchanged content is served from the cache and a changed byte never is.
    """

    SPEC_CLASS = EventExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        *,
        data: str,
        split: str,
        example_settings: str,
        features: str,
        aggregates: str,
        seed: int,
        code: str,
    ) -> None:
        """Declares the node.

        Args:
            data: DataSettings as JSON.
            split: SplitSettings as JSON.
            example_settings: ExampleSettings as JSON.
            features: Declared features as a JSON list.
            aggregates: Declared aggregates as a JSON list.
            seed: Seed of the sampled candidates.
            code: Fingerprint of the code, so that changed code is not served from the cache.
        """
        super().__init__(
            EventExampleGenSpec(
                data=data,
                split=split,
                example_settings=example_settings,
                features=features,
                aggregates=aggregates,
                seed=seed,
                code=code,
                examples=channel.Channel(type=standard_artifacts.Examples),
                tiles=channel.Channel(type=Tiles),
                user_states=channel.Channel(type=UserStates),
                account=channel.Channel(type=DataAccount),
            )
        )
