"""A compiled pipeline file, read back: the containers that Kubeflow would start."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp import components

from pipeline.errors import RunError

RUN_ID = "{{$.pipeline_job_uuid}}"
_PARAMETER = re.compile(r"\{\{\$\.inputs\.parameters\['(\w+)'\]\}\}")


@dataclasses.dataclass(frozen=True)
class Retry:
    """When a failed container is started again.

    Attributes:
        times: How often at most.
        wait: Seconds before the first time.
        factor: By which the wait grows each time.
        longest: Seconds that it may grow to.
    """

    times: int = 0
    wait: float = 0.0
    factor: float = 2.0
    longest: float = 3600.0

    def wait_before(self, attempt: int) -> float:
        """Seconds to wait before an attempt; 1 is the first repetition."""
        return float(min(self.wait * self.factor ** (attempt - 1), self.longest))


@dataclasses.dataclass(frozen=True)
class Container:
    """One container of a run.

    Attributes:
        name: Node id.
        command: Program and arguments, with the run's values filled in.
        before: Names of the containers that must have ended well.
        environment: Its variables.
        secrets: Variable -> `secret/key` that holds its value.
        fields: Variable -> what of its pod it holds: `metadata.name`.
        mounts: Paths at which it sees volumes.
        retry: When it is started again.
        timeout: Seconds that one attempt may take; None for no limit.
    """

    name: str
    command: tuple[str, ...]
    before: tuple[str, ...] = ()
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    secrets: Mapping[str, str] = dataclasses.field(default_factory=dict)
    fields: Mapping[str, str] = dataclasses.field(default_factory=dict)
    mounts: tuple[str, ...] = ()
    retry: Retry = Retry()
    timeout: float | None = None

    def argument(self, name: str) -> str | None:
        """The value after an option of its command; None where there is no such option."""
        after = dict(zip(self.command, self.command[1:], strict=False))
        return after.get(name)


def read_containers(path: Path, run_id: str, given: Mapping[str, str]) -> list[Container]:
    """Reads a compiled pipeline with Kubeflow's own loader.

    Args:
        path: The YAML file.
        run_id: Takes the place of Kubeflow's run id.
        given: The run's parameters, as text.

    Returns:
        Its containers, each after those that it waits for.

    Raises:
        RunError: The file is no compiled pipeline, it needs more of Kubeflow than containers in an
            order, or a parameter is unknown.
    """
    spec, platform = _load(path)
    values = _parameters(spec, given) | {"": run_id}
    executors = json_format.MessageToDict(spec.deployment_spec)["executors"]
    found = [_container(name, spec, executors, platform, values) for name in spec.root.dag.tasks]
    return _in_order(found, path)


def typed_parameters(path: Path, given: Mapping[str, str]) -> dict[str, Any]:
    """Parameters of a run with the types that the compiled pipeline declares.

    Raises:
        RunError: The file is no compiled pipeline, or a parameter is unknown or of another type.
    """
    spec, _ = _load(path)
    _parameters(spec, given)
    declared = spec.root.input_definitions.parameters
    return {name: _typed(name, text, declared[name]) for name, text in given.items()}


def _typed(name: str, text: str, declared: Any) -> Any:
    kinds: dict[str, Callable[[str], Any]] = {"NUMBER_INTEGER": int, "NUMBER_DOUBLE": float}
    kind = (
        type(declared)
        .DESCRIPTOR.fields_by_name["parameter_type"]
        .enum_type.values_by_number[declared.parameter_type]
    )
    try:
        return kinds.get(kind.name, str)(text)
    except ValueError as error:
        raise RunError(
            f"the parameter {name!r} is a {kind.name.lower().replace('_', ' ')}. "
            f"Received: {text!r}. Write {name}=NUMBER."
        ) from error


def _load(path: Path) -> tuple[Any, Mapping[str, Any]]:
    try:
        loaded = components.load_component_from_file(str(path))
        spec = loaded.pipeline_spec
        platform = json_format.MessageToDict(loaded.platform_spec)
    except FileNotFoundError as error:
        raise RunError(
            f"`--from-ir` takes a file that `sluice compile` wrote. Received: {path}, which does "
            "not exist. Write it: sluice compile --config FILE --out FILE."
        ) from error
    except Exception as error:  # whatever Kubeflow's parser meets in a file that is something else
        raise RunError(
            f"`--from-ir` takes a file that `sluice compile` wrote. Received: {path}, which "
            f"Kubeflow's loader refuses: {type(error).__name__}: {error}. Compile it again."
        ) from error
    kubernetes = platform.get("platforms", {}).get("kubernetes", {})
    return spec, kubernetes.get("deploymentSpec", {}).get("executors", {})


def _parameters(spec: Any, given: Mapping[str, str]) -> dict[str, str]:
    declared = spec.root.input_definitions.parameters
    if unknown := sorted(set(given) - set(declared)):
        raise RunError(
            "a run's parameters are those of the compiled pipeline. Received: "
            f"{', '.join(unknown)}. There are: {', '.join(sorted(declared)) or 'none'}."
        )
    return {name: _text(one.default_value) for name, one in declared.items()} | dict(given)


def _container(
    name: str,
    spec: Any,
    executors: Mapping[str, Any],
    platform: Mapping[str, Any],
    values: Mapping[str, str],
) -> Container:
    task = spec.root.dag.tasks[name]
    label = spec.components[task.component_ref.name].executor_label
    executor = executors.get(label, {})
    special = task.HasField("trigger_policy") or task.WhichOneof("iterator")
    if "container" not in executor or special:
        raise RunError(
            "only containers in an order can be run here. Received: the task "
            f"{name!r}, which is a condition, a loop, a sub-pipeline or an importer. Run this "
            "pipeline on Kubeflow."
        )
    own = platform.get(label, {})
    program = executor["container"]
    return Container(
        name=task.task_info.name,
        command=_command(name, program, _inputs(name, task, values)),
        before=tuple(spec.root.dag.tasks[other].task_info.name for other in task.dependent_tasks),
        environment={one["name"]: one.get("value", "") for one in program.get("env", ())},
        secrets={
            pair["envVar"]: f"{secret['secretName']}/{pair['secretKey']}"
            for secret in own.get("secretAsEnv", ())
            for pair in secret["keyToEnv"]
        },
        fields={one["name"]: one["fieldPath"] for one in own.get("fieldPathAsEnv", ())},
        mounts=tuple(mount["mountPath"] for mount in own.get("pvcMount", ())),
        retry=_retry(task.retry_policy),
        timeout=float(own["activeDeadlineSeconds"]) if "activeDeadlineSeconds" in own else None,
    )


def _inputs(name: str, task: Any, values: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for key, source in task.inputs.parameters.items():
        match source.WhichOneof("kind"):
            case "component_input_parameter":
                found[key] = values[source.component_input_parameter]
            case "runtime_value":
                text = _text(source.runtime_value.constant)
                found[key] = values[""] if text == RUN_ID else text
            case kind:
                raise RunError(
                    "inputs of a container must be parameters of the run or constants. Received: "
                    f"{key!r} of {name!r}, a {kind}. Run this pipeline on Kubeflow."
                )
    return found


def _command(name: str, program: Any, inputs: Mapping[str, str]) -> tuple[str, ...]:
    filled = []
    for word in [*program.get("command", ()), *program.get("args", ())]:
        text = _PARAMETER.sub(lambda match: inputs.get(match[1], match[0]), word)
        if "{{$" in text:
            raise RunError(
                f"a command's placeholders must name inputs of its task. Received: {text!r} in "
                f"{name!r}, with the inputs {sorted(inputs)}. Compile the pipeline again."
            )
        filled.append(text)
    return tuple(filled)


def _retry(policy: Any) -> Retry:
    return Retry(
        times=policy.max_retry_count,
        wait=policy.backoff_duration.seconds,
        factor=policy.backoff_factor or 2.0,
        longest=policy.backoff_max_duration.seconds or 3600.0,
    )


def _text(value: Any) -> str:
    """A parameter's value as Kubeflow puts it into a command."""
    kind = value.WhichOneof("kind")
    if kind == "number_value" and value.number_value.is_integer():
        return str(int(value.number_value))
    return str(getattr(value, kind)) if kind else ""


def _in_order(containers: list[Container], path: Path) -> list[Container]:
    waiting = list(containers)
    ordered: list[Container] = []
    while waiting:
        done = {container.name for container in ordered}
        ready = [container for container in waiting if set(container.before) <= done]
        if not ready:
            raise RunError(
                "tasks must wait for each other without a circle. Received: "
                f"{', '.join(sorted(c.name for c in waiting))} in {path}. Compile it again."
            )
        ordered += ready
        waiting = [container for container in waiting if container not in ready]
    return ordered
