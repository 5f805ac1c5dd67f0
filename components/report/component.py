"""The Report node: its channels and settings."""

from __future__ import annotations

from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components import artifacts
from components.report.executor import Executor


def _optional(artifact_type: type) -> ChannelParameter:
    return ChannelParameter(type=artifact_type, optional=True)


class ReportSpec(ComponentSpec):
    """Types of the node's parameters, inputs and outputs."""

    PARAMETERS: ClassVar = {
        "settings": ExecutionParameter(type=str),
        "settings_hash": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
        "seed": ExecutionParameter(type=int),
        "destination": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "account": _optional(artifacts.DataAccount),
        "data_checks": _optional(artifacts.Checks),
        "verdict_checks": _optional(artifacts.Checks),
        "serving_checks": _optional(artifacts.Checks),
        "blessing": _optional(standard_artifacts.ModelBlessing),
        "infra_blessing": _optional(standard_artifacts.InfraBlessing),
        "list_evaluation": _optional(standard_artifacts.ModelEvaluation),
        "ranker_evaluation": _optional(standard_artifacts.ModelEvaluation),
        "baselines": _optional(artifacts.BaselineMetrics),
        "retriever_run": _optional(standard_artifacts.ModelRun),
        "ranker_run": _optional(standard_artifacts.ModelRun),
        "pushed_model": _optional(standard_artifacts.PushedModel),
        "examples": _optional(standard_artifacts.Examples),
        "tiles": _optional(artifacts.Tiles),
        "model": _optional(standard_artifacts.Model),
        "baseline_model": _optional(standard_artifacts.Model),
    }
    OUTPUTS: ClassVar = {"report": ChannelParameter(type=artifacts.Report)}


class Report(base_component.BaseComponent):
    """Writes one page that answers what an analyst asks about a run.

    Every input is optional: what a pipeline does not measure is shown as not measured.

    Outputs:
        report: `report.html` and `report.json` (see components.artifacts.Report).
    """

    SPEC_CLASS = ReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        settings: str,
        settings_hash: str,
        features: str,
        seed: int,
        destination: str,
        code: str,
        account: channel.BaseChannel | None = None,
        data_checks: channel.BaseChannel | None = None,
        verdict_checks: channel.BaseChannel | None = None,
        serving_checks: channel.BaseChannel | None = None,
        blessing: channel.BaseChannel | None = None,
        infra_blessing: channel.BaseChannel | None = None,
        list_evaluation: channel.BaseChannel | None = None,
        ranker_evaluation: channel.BaseChannel | None = None,
        baselines: channel.BaseChannel | None = None,
        retriever_run: channel.BaseChannel | None = None,
        ranker_run: channel.BaseChannel | None = None,
        pushed_model: channel.BaseChannel | None = None,
        examples: channel.BaseChannel | None = None,
        tiles: channel.BaseChannel | None = None,
        model: channel.BaseChannel | None = None,
        baseline_model: channel.BaseChannel | None = None,
    ) -> None:
        """Declares the node.

        Args:
            settings: The run's settings as text, shown folded on the page.
            settings_hash: Their digest.
            features: Declared features as a JSON list.
            seed: Draws the users whose lists are shown.
            destination: Folder that always holds the latest report.
            code: Fingerprint of the code, so that changed code is not served from the cache.
            account: Where every row of the log went.
            data_checks: Checks of the DataGate.
            verdict_checks: Checks of the Verdict.
            serving_checks: Checks of the ServingValidator.
            blessing: The verdict.
            infra_blessing: Whether a real server answered as it must.
            list_evaluation: Evaluation of the composed lists.
            ranker_evaluation: Evaluation of the ranker's scores.
            baselines: Metrics of the baselines.
            retriever_run: Training run of the retriever, with `history.json`.
            ranker_run: Training run of the ranker, with `history.json`.
            pushed_model: What was pushed.
            examples: Raw examples, for the held-out users whose lists are shown.
            tiles: Tiles, for why an item became a candidate.
            model: The composed recommender.
            baseline_model: The model blessed before, which the lists are compared with.
        """
        super().__init__(
            ReportSpec(
                settings=settings,
                settings_hash=settings_hash,
                features=features,
                seed=seed,
                destination=destination,
                code=code,
                account=account,
                data_checks=data_checks,
                verdict_checks=verdict_checks,
                serving_checks=serving_checks,
                blessing=blessing,
                infra_blessing=infra_blessing,
                list_evaluation=list_evaluation,
                ranker_evaluation=ranker_evaluation,
                baselines=baselines,
                retriever_run=retriever_run,
                ranker_run=ranker_run,
                pushed_model=pushed_model,
                examples=examples,
                tiles=tiles,
                model=model,
                baseline_model=baseline_model,
                report=channel.Channel(type=artifacts.Report),
            )
        )
