"""The ServingValidator node: its channels and settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import TypeAdapter
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifacts import Checks
from components.checks import Bound
from components.serving_validator.executor import Executor


class ServingValidatorSpec(ComponentSpec):
    """Types of the node's parameters, inputs and outputs."""

    PARAMETERS: ClassVar = {
        "bounds": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
        "aggregates": ExecutionParameter(type=str),
        "exclude_seen": ExecutionParameter(type=int),
        "served_folder": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "retriever": ChannelParameter(type=standard_artifacts.Model),
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "transformed_examples": ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS: ClassVar = {
        "blessing": ChannelParameter(type=standard_artifacts.InfraBlessing),
        "checks": ChannelParameter(type=Checks),
    }


class ServingValidator(base_component.BaseComponent):
    """Serves the candidate as production would, and holds the answers against the training.

    Outputs:
        blessing: TFX's InfraBlessing, with the warm-up requests for the pushed version.
        checks: One check for each question.
    """

    SPEC_CLASS = ServingValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        model: channel.BaseChannel,
        retriever: channel.BaseChannel,
        examples: channel.BaseChannel,
        transformed_examples: channel.BaseChannel,
        bounds: Sequence[Bound],
        features: str,
        exclude_seen: bool,
        served_folder: str,
        code: str,
        aggregates: str = "[]",
    ) -> None:
        """Declares the node.

        Args:
            model: The candidate, with the whole serving contract.
            retriever: The retriever it was made of.
            examples: Raw rows with the eval split.
            transformed_examples: The same rows as training would see them.
            bounds: What the answers are held against.
            features: Declared features as a JSON list.
            exclude_seen: Whether lists must leave out what the history holds.
            served_folder: Folder of the published versions, maybe empty: the candidate must replace
                the served one of them without a failed call.
            code: Fingerprint of the code, so that changed code is not served from the cache.
            aggregates: Declared aggregates as a JSON list.
        """
        super().__init__(
            ServingValidatorSpec(
                model=model,
                retriever=retriever,
                examples=examples,
                transformed_examples=transformed_examples,
                bounds=TypeAdapter(list[Bound]).dump_json(list(bounds)).decode(),
                features=features,
                aggregates=aggregates,
                exclude_seen=int(exclude_seen),
                served_folder=served_folder,
                code=code,
                blessing=channel.Channel(type=standard_artifacts.InfraBlessing),
                checks=channel.Channel(type=Checks),
            )
        )
