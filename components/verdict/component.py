"""The Verdict node: its channels and settings."""

from __future__ import annotations

from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifacts import BaselineMetrics, Checks, UserStates
from components.verdict.executor import Executor
from components.verdict.rules import VerdictRules


class VerdictSpec(ComponentSpec):
    """Types of the node's parameters, inputs and outputs."""

    PARAMETERS: ClassVar = {
        "rules": ExecutionParameter(type=str),
        "data": ExecutionParameter(type=str),
        "example_settings": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
        "aggregates": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "ranker_evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "ranker_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "list_evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "list_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "baselines": ChannelParameter(type=BaselineMetrics),
        "data_checks": ChannelParameter(type=Checks),
        "user_states": ChannelParameter(type=UserStates),
        "baseline_model": ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS: ClassVar = {
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "checks": ChannelParameter(type=Checks),
    }


class Verdict(base_component.BaseComponent):
    """Holds all that was measured of a model against the bounds, and blesses it or not.

    A model that is not blessed does not fail the run: its report is still to be read.
    """

    SPEC_CLASS = VerdictSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        model: channel.BaseChannel,
        examples: channel.BaseChannel,
        ranker_evaluation: channel.BaseChannel,
        ranker_blessing: channel.BaseChannel,
        list_evaluation: channel.BaseChannel,
        list_blessing: channel.BaseChannel,
        baselines: channel.BaseChannel,
        data_checks: channel.BaseChannel,
        user_states: channel.BaseChannel,
        rules: VerdictRules,
        data: str,
        example_settings: str,
        features: str,
        aggregates: str,
        code: str,
        baseline_model: channel.BaseChannel | None = None,
    ) -> None:
        """Declares the node.

        Args:
            model: The candidate.
            examples: Raw rows, of which the catalogue is counted.
            ranker_evaluation: Results of the Evaluator of scores.
            ranker_blessing: Its blessing.
            list_evaluation: Results of the Evaluator of lists.
            list_blessing: Its blessing.
            baselines: What simple recommenders achieve.
            data_checks: The checks of the DataGate.
            user_states: States of the users at the end of the log.
            rules: The bounds.
            data: DataSettings as JSON: where the log of shown lists lies, if there is one.
            example_settings: ExampleSettings as JSON.
            features: Declared features as a JSON list.
            aggregates: Declared aggregates as a JSON list.
            code: Fingerprint of the code, so that changed code is not served from the cache.
            baseline_model: The blessed model that both Evaluators compared with; may be empty.
        """
        super().__init__(
            VerdictSpec(
                model=model,
                examples=examples,
                ranker_evaluation=ranker_evaluation,
                ranker_blessing=ranker_blessing,
                list_evaluation=list_evaluation,
                list_blessing=list_blessing,
                baselines=baselines,
                data_checks=data_checks,
                user_states=user_states,
                baseline_model=baseline_model,
                rules=rules.model_dump_json(),
                data=data,
                example_settings=example_settings,
                features=features,
                aggregates=aggregates,
                code=code,
                blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
                checks=channel.Channel(type=Checks),
            )
        )
