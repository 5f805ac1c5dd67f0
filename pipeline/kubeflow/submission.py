"""A compiled pipeline on its way to Kubeflow: uploaded, started once, or put on a schedule."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kfp
import kfp_server_api
import urllib3
import yaml
from kfp_server_api.exceptions import ApiException

from pipeline.errors import RunError
from pipeline.kubeflow.specification import typed_parameters

TOKEN_VARIABLE = "SLUICE_KUBEFLOW_TOKEN"  # noqa: S105 -- a name, not a token
_DIGEST_LENGTH = 12
_SHORTCUTS = ("@hourly", "@daily", "@weekly", "@monthly", "@every ")

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A Kubeflow Pipelines API.

    Attributes:
        url: Its address, `http://localhost:8888`.
        token: Says who asks; empty where nobody is asked.
        namespace: The profile to work in, where the installation is shared by several.
    """

    url: str
    token: str = dataclasses.field(default="", repr=False)
    namespace: str | None = None


@dataclasses.dataclass(frozen=True)
class Schedule:
    """When a pipeline is run again and again.

    Attributes:
        cron: Six fields, seconds first: `0 0 3 * * *`; or `@daily` and the like.
        catch_up: Whether times that were missed are made up for, one run each. Each run reads the
            whole window anyway, so the latest is as good as all of them.
        replace: Whether a schedule of the same name gives way to this one.
    """

    cron: str
    catch_up: bool = False
    replace: bool = False

    def __post_init__(self) -> None:
        if len(self.cron.split()) != 6 and not self.cron.startswith(_SHORTCUTS):
            raise RunError(
                "a schedule is a cron expression of six fields, seconds first, or @hourly, @daily, "
                f"@weekly, @monthly or @every 6h. Received: {self.cron!r}. Write, for example, "
                "'0 0 3 * * *' for 3 o'clock each night (UTC)."
            )


@dataclasses.dataclass(frozen=True)
class Submitted:
    """What Kubeflow has now.

    Attributes:
        pipeline_id: The pipeline's id.
        version_id: The id of the version that this file is.
        run_id: The run that was started; None for a schedule.
        schedule_id: The recurring run that was made; None for a single run.
        page: Where to watch it.
    """

    pipeline_id: str
    version_id: str
    run_id: str | None
    schedule_id: str | None
    page: str


def submit(
    compiled: Path,
    endpoint: Endpoint,
    parameters: Mapping[str, str],
    experiment: str | None = None,
    schedule: Schedule | None = None,
) -> Submitted:
    """Uploads a compiled pipeline and starts it, or puts it on a schedule.

    A file that has been uploaded before is not uploaded again; a changed one becomes a new version
    of the same pipeline.

    Args:
        compiled: What `sluice compile` wrote.
        endpoint: Where to.
        parameters: The run's parameters, as text.
        experiment: Groups runs; by default they are grouped under the name of the pipeline.
        schedule: When to run it; None for once, now. No run of a schedule starts before the one
            before it has ended.

    Raises:
        RunError: The file is no compiled pipeline, a parameter is unknown or of another type, the
            API cannot be reached or refuses, or there is such a schedule already.
    """
    typed = typed_parameters(compiled, parameters)
    text = compiled.read_bytes()
    name = next(yaml.safe_load_all(text))["pipelineInfo"]["name"]
    version = hashlib.sha256(text).hexdigest()[:_DIGEST_LENGTH]
    with _errors_explained(endpoint):
        client = _client(endpoint)
        pipeline_id, version_id = _uploaded(client, endpoint, compiled, name, version)
        group = client.create_experiment(experiment or name, namespace=endpoint.namespace)
        common: dict[str, Any] = {
            "experiment_id": group.experiment_id,
            "pipeline_id": pipeline_id,
            "version_id": version_id,
            "params": typed,
        }
        site = f"{endpoint.url.rstrip('/')}/#"
        if schedule is None:
            run = client.run_pipeline(job_name=f"{name} {version}", **common)
            page = f"{site}/runs/details/{run.run_id}"
            return Submitted(pipeline_id, version_id, run.run_id, None, page)
        recurring = _scheduled(client, name, schedule, common)
        page = f"{site}/recurringrun/details/{recurring}"
        return Submitted(pipeline_id, version_id, None, recurring, page)


def _client(endpoint: Endpoint) -> Any:
    """Kubeflow's own client, once the API has answered: it would ask again and again by itself."""
    configuration = kfp_server_api.Configuration(host=endpoint.url.rstrip("/"))
    if endpoint.token:
        configuration.api_key["authorization"] = endpoint.token
        configuration.api_key_prefix["authorization"] = "Bearer"
    with kfp_server_api.ApiClient(configuration) as plain:
        health = kfp_server_api.HealthzServiceApi(plain).healthz_service_get_healthz()
    if health.multi_user and not endpoint.namespace:
        raise RunError(
            "this Kubeflow is shared by several profiles, and a run belongs to one. Received: no "
            "namespace. Name yours: --namespace NAME."
        )
    return kfp.Client(host=endpoint.url, existing_token=endpoint.token or None)


def _uploaded(
    client: Any, endpoint: Endpoint, compiled: Path, name: str, version: str
) -> tuple[str, str]:
    """Ids of the pipeline and of the version that holds this file, both made where missing."""
    known = client.list_pipelines(filter=_named(name), namespace=endpoint.namespace).pipelines
    if known:
        pipeline_id = known[0].pipeline_id
    else:
        pipeline_id = client.upload_pipeline(
            str(compiled), pipeline_name=name, namespace=endpoint.namespace
        ).pipeline_id
    versions = client.list_pipeline_versions(pipeline_id, filter=_named(version)).pipeline_versions
    if versions:
        return pipeline_id, versions[0].pipeline_version_id
    made = client.upload_pipeline_version(str(compiled), version, pipeline_id=pipeline_id)
    return pipeline_id, made.pipeline_version_id


def _scheduled(client: Any, name: str, schedule: Schedule, common: dict[str, Any]) -> str:
    """The id of a new recurring run; there is never a second one under its name."""
    found = client.list_recurring_runs(
        experiment_id=common["experiment_id"], filter=_named(name)
    ).recurring_runs
    if found and not schedule.replace:
        raise RunError(
            "a pipeline has one schedule in an experiment: two would train on the same data at the "
            f"same time. Received: {name!r}, which runs at {_cron(found[0])!r}. Say --replace to "
            "put this one in its place, or name another --experiment."
        )
    made = client.create_recurring_run(
        job_name=name,
        cron_expression=schedule.cron,
        max_concurrency=1,
        no_catchup=not schedule.catch_up,
        **common,
    )
    for old in found or ():  # only now: a refusal leaves the old one in its place
        client.delete_recurring_run(old.recurring_run_id)
    recurring_id: str = made.recurring_run_id
    return recurring_id


def _cron(recurring: Any) -> str:
    schedule = recurring.trigger.cron_schedule if recurring.trigger else None
    return schedule.cron if schedule else "an interval"


def _named(name: str) -> str:
    """Kubeflow's filter for one name."""
    equal = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [equal]})


@contextlib.contextmanager
def _errors_explained(endpoint: Endpoint) -> Iterator[None]:
    """Keeps the client's own prints away, and says what its errors mean."""
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stdout(io.StringIO()) as printed,
        ):
            yield
        logger.info("%s", printed.getvalue())
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise RunError(_unreachable(endpoint, error)) from error
    except ApiException as error:
        raise RunError(_refused(endpoint, error)) from error


def _unreachable(endpoint: Endpoint, error: Exception) -> str:
    return (
        f"Kubeflow Pipelines' API must answer at --api. Received: {endpoint.url}: {error}. Give "
        "the address of the API server or of its port-forward: "
        "kubectl port-forward --namespace kubeflow svc/ml-pipeline 8888."
    )


def _refused(endpoint: Endpoint, error: Any) -> str:
    """What an answer of the API means; its own words are in it, the token is not."""
    told = f"{error.status} {error.reason}: {_words(error.body)}"
    match error.status:
        case 0:
            return _unreachable(endpoint, error)
        case 401 | 403:
            sent = "the token in it" if endpoint.token else "no token"
            return (
                f"{endpoint.url} lets only those in that it knows, into their own namespace. "
                f"Received: {told}, with {sent}. Put a valid one into {TOKEN_VARIABLE}, and name "
                "your --namespace."
            )
        case 409:
            return (
                f"names are taken once at {endpoint.url}. Received: {told}. Someone else uploads "
                "the same pipeline at this moment: submit it again, and it will be found there."
            )
    return (
        f"{endpoint.url} must take what was compiled. Received: {told}. `sluice doctor --api URL` "
        "says which version of Kubeflow Pipelines answers there; 2.0 and newer have this API."
    )


def _words(body: Any) -> str:
    """The message inside an answer, where there is one."""
    try:
        told = json.loads(body)
    except (TypeError, ValueError):
        return str(body)[:200]
    return str(told.get("error_message") or told.get("message") or told)[:500]
