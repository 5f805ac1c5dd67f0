"""From a pipeline to what Kubeflow Pipelines runs: a specification of version 2.1.0, as YAML."""

# Without the import of `annotations`: kfp reads the types of a component's parameters.

import difflib
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from kfp import compiler, dsl
from tfx.orchestration.pipeline import Pipeline

from pipeline.kubeflow import FOLDER
from pipeline.kubeflow.beam import arguments_of
from pipeline.kubeflow.checks import check_batches, check_paths, kubeflow_of
from pipeline.kubeflow.platform import executor_config
from pipeline.kubeflow.settings import KubeflowSettings
from pipeline.kubeflow.stored import Graph, graph_of
from pipeline.kubeflow.training.plan import POD_VARIABLES, plan_of
from pipeline.refusals import SettingsError
from pipeline.runners.local import compile_pipeline
from pipeline.settings import Settings

BEGIN = "Begin"
_RUN_ID = dsl.PIPELINE_JOB_ID_PLACEHOLDER
_BACKOFF = {"backoff_duration": "10s", "backoff_factor": 2.0, "backoff_max_duration": "600s"}


def compile_for_kubeflow(
    settings: Settings, create_pipeline: Callable[[Settings], Pipeline]
) -> str:
    """The pipeline as Kubeflow Pipelines reads it.

    A first container compiles it anew for the run, with the data window of the run's parameters
    `until` and `last`; then there is one container for each node.

    Args:
        settings: Its settings, with a `kubeflow` section.
        create_pipeline: Makes the pipeline of them.

    Raises:
        SettingsError: There is no such section, it names an unknown node, Beam where a node uses
            none, a path of the settings lies where containers do not find it, or the pods of a
            training could not share its batches.
    """
    kubeflow = kubeflow_of(settings)
    check_paths(settings, kubeflow)
    check_batches(settings, kubeflow)
    compiled = _compiled(settings, create_pipeline)
    graph = graph_of(compiled)
    check_nodes(kubeflow.nodes, graph)
    beam = arguments_of(settings, kubeflow, compiled)
    begin = _begin(settings, kubeflow, graph)
    nodes = {
        node_id: _node(settings, kubeflow, node_id, beam.get(node_id, ())) for node_id in graph
    }

    @dsl.pipeline(name=settings.name, description="Behaviour logs in, a gated model out.")
    def whole(until: str = "", last: int = 0) -> None:
        first = begin(run_id=_RUN_ID, until=until, last=last)
        _configure(first, kubeflow, BEGIN)
        tasks: dict[str, Any] = {}
        for node_id, before in graph.items():
            task = tasks[node_id] = nodes[node_id](run_id=_RUN_ID)
            task.after(*([tasks[name] for name in before] or [first]))
            _configure(task, kubeflow, node_id)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yaml"
        compiler.Compiler().compile(whole, str(path))
        return path.read_text(encoding="utf-8")


def check_nodes(named: Iterable[str], known: Iterable[str]) -> None:
    """Refuses settings for a node that the pipeline does not have.

    Raises:
        SettingsError: There is one; the message names the nearest.
    """
    known = [BEGIN, *known]
    for name in named:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Nearest: {close[0]!r}. " if close else ""
            raise SettingsError(
                f"`kubeflow.nodes` may name nodes of the pipeline. Received: {name!r}. "
                f"{hint}There are: {', '.join(known)}."
            )


def _compiled(settings: Settings, create_pipeline: Callable[[Settings], Pipeline]) -> Any:
    """TFX's form of it; what we read of that does not depend on where the root folder lies."""
    with tempfile.TemporaryDirectory() as folder:  # TFX makes the folder of the metadata
        here = settings.model_copy(update={"root": Path(folder)})
        return compile_pipeline(create_pipeline(here), "compiled")


def _begin(settings: Settings, kubeflow: KubeflowSettings, graph: Graph) -> Any:
    submitted = settings.model_dump_json(exclude={"kubeflow"})
    common = _common(kubeflow)
    root = ("--pipeline-root", kubeflow.pipeline_root) if kubeflow.pipeline_root else ()

    def begin(run_id: str, until: str = "", last: int = 0) -> dsl.ContainerSpec:
        return dsl.ContainerSpec(
            image=kubeflow.image,
            command=["python", "-m", "pipeline.kubeflow.begin"],
            args=[
                *("--settings", submitted),
                *("--graph", json.dumps(graph)),
                *("--run-id", run_id),
                *("--until", until),
                *("--last", last),
                *root,
                *common,
                *("--ir", f"{_folder(settings)}/{run_id}.pb"),
            ],
        )

    return _component(begin, BEGIN)


def _node(settings: Settings, kubeflow: KubeflowSettings, node_id: str, beam: Sequence[str]) -> Any:
    common = _common(kubeflow)
    elsewhere = ("--beam", json.dumps(beam)) if beam else ()
    plan = plan_of(kubeflow, node_id)
    training = ("--training", plan.model_dump_json(exclude_defaults=True)) if plan else ()

    def node(run_id: str) -> dsl.ContainerSpec:
        return dsl.ContainerSpec(
            image=kubeflow.image,
            command=["python", "-m", "pipeline.kubeflow.node"],
            args=[
                *("--node-id", node_id),
                *elsewhere,
                *training,
                *common,
                *("--ir", f"{_folder(settings)}/{run_id}.pb"),
            ],
        )

    return _component(node, node_id)


def _common(kubeflow: KubeflowSettings) -> tuple[str, str]:
    return "--metadata", kubeflow.metadata.model_dump_json(exclude_none=True)


def _folder(settings: Settings) -> PurePosixPath:
    return PurePosixPath(settings.root) / FOLDER


def _component(function: Any, node_id: str) -> Any:
    """A component named after its node: `EventExampleGen` becomes `event-example-gen`."""
    function.__name__ = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", node_id).lower()
    return dsl.container_component(function)


def _configure(task: Any, kubeflow: KubeflowSettings, node_id: str) -> None:
    container = kubeflow.container(node_id)
    task.set_display_name(node_id)
    task.set_caching_options(False)  # TFX itself caches, by all that went into a node
    task.set_cpu_request(container.cpu)
    task.set_memory_request(container.memory).set_memory_limit(container.memory)
    if container.gpus:
        task.set_accelerator_type(container.gpu_resource)
        task.set_accelerator_limit(container.gpus)
    if container.retries:
        task.set_retry(container.retries, **_BACKOFF)
    for name, value in sorted(container.environment.items()):
        task.set_env_variable(name, value)
    fields = POD_VARIABLES if plan_of(kubeflow, node_id) else {}
    task.platform_config["kubernetes"] = executor_config(kubeflow, container, fields)
