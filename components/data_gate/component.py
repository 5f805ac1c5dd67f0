"""The DataGate node: its channels and settings."""

from __future__ import annotations

from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifacts import Checks, DataAccount
from components.data_gate.executor import Executor


class DataGateSpec(ComponentSpec):
    """Types of the node's parameters, inputs and outputs."""

    PARAMETERS: ClassVar = {
        "rules": ExecutionParameter(type=str),
        "data": ExecutionParameter(type=str),
        "split": ExecutionParameter(type=str),
        "example_settings": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
        "aggregates": ExecutionParameter(type=str),
        "seed": ExecutionParameter(type=int),
        "code": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "schema": ChannelParameter(type=standard_artifacts.Schema),
        "anomalies": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "account": ChannelParameter(type=DataAccount),
        "previous_statistics": ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
    }
    OUTPUTS: ClassVar = {"checks": ChannelParameter(type=Checks)}


class DataGate(base_component.BaseComponent):
    """Stops the run where the data, or the rows built from it, break a bound."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        statistics: channel.BaseChannel,
        schema: channel.BaseChannel,
        anomalies: channel.BaseChannel,
        examples: channel.BaseChannel,
        account: channel.BaseChannel,
        rules: str,
        data: str,
        split: str,
        example_settings: str,
        features: str,
        aggregates: str,
        seed: int,
        code: str,
        previous_statistics: channel.BaseChannel | None = None,
    ) -> None:
        """Declares the node.

        Args:
            statistics: Statistics of the raw examples.
            schema: Their schema.
            anomalies: Where the statistics break the schema.
            examples: The raw examples.
            account: The account of the log.
            rules: DataRules as JSON.
            data: DataSettings as JSON: the leakage certificate reads the log again.
            split: SplitSettings as JSON.
            example_settings: ExampleSettings as JSON.
            features: Declared features as a JSON list.
            aggregates: Declared aggregates as a JSON list.
            seed: Seed of the sampled candidates.
            code: Fingerprint of the code, so that changed code is not served from the cache.
            previous_statistics: Statistics of the data of the model blessed before; without them,
                or where there are none yet, nothing has drifted.
        """
        super().__init__(
            DataGateSpec(
                statistics=statistics,
                schema=schema,
                anomalies=anomalies,
                examples=examples,
                account=account,
                rules=rules,
                data=data,
                split=split,
                example_settings=example_settings,
                features=features,
                aggregates=aggregates,
                seed=seed,
                code=code,
                previous_statistics=previous_statistics,
                checks=channel.Channel(type=Checks),
            )
        )
