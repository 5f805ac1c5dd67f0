"""The Evaluator nodes: TFX's component, with our executor."""

from __future__ import annotations

from tfx.components.evaluator import component
from tfx.dsl.components.base import executor_spec

from components.evaluator.executor import Executor


class Evaluator(component.Evaluator):
    """TFX's Evaluator; only how Beam runs it on one machine differs."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
