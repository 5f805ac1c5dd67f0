"""Settings of a run on Kubeflow: image, volumes, ML Metadata, and what each container gets."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from pipeline.kubeflow.beam_settings import BeamSettings
from transform.settings import Frozen

_Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
_MERGED = ("environment", "secrets", "node_selector")


class SecretKey(Frozen):
    """One value inside a Kubernetes secret; the value itself never stands in a file of ours.

    Attributes:
        secret: Name of the secret.
        key: Key in it.
    """

    secret: str = Field(min_length=1)
    key: str = Field(min_length=1)


class Volume(Frozen):
    """A volume that every container sees.

    Attributes:
        claim: Name of the persistent volume claim. Nodes run at the same time, maybe on different
            machines, so its access mode is ReadWriteMany.
        path: Absolute path at which it is mounted.
    """

    claim: str = Field(min_length=1)
    path: str

    @field_validator("path")
    @classmethod
    def _path_is_absolute(cls, path: str) -> str:
        pure = PurePosixPath(path)
        if not pure.is_absolute() or str(pure) == "/" or ".." in pure.parts:
            raise ValueError(
                "a volume is mounted at an absolute path below `/`. "
                f"Received: {path!r}. Write, for example, `path: /sluice`."
            )
        return str(pure)

    def holds(self, path: str) -> bool:
        """True for a path on this volume."""
        return PurePosixPath(path).is_relative_to(self.path)


class Toleration(Frozen):
    """A taint of machines on which a container may run all the same, as Kubernetes has it."""

    key: str = ""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""

    def manifest(self) -> dict[str, str]:
        """What a pod's specification says."""
        return self.model_dump(exclude_defaults=True) | {"operator": self.operator}


class ContainerSettings(Frozen):
    """What the container of a node asks for and gets.

    Attributes:
        cpu: CPU cores requested: `2` or `500m`. There is no limit: it would slow a node down while
            other cores are idle.
        memory: Memory, requested and limited: `4Gi`.
        gpus: How many accelerators.
        gpu_resource: The name under which the cluster offers them.
        node_selector: Labels that the machine must have.
        tolerations: Taints that it may have.
        retries: How often a failed container is started again.
        timeout_minutes: After so long a container is ended, and has failed.
        environment: Further variables.
        secrets: Variable -> where its value lies in the cluster's secrets.
        beam: Where a node that uses Beam runs it; None for its own container. A node that ran
            somewhere else is not taken from the cache.
    """

    cpu: str = Field(default="1", pattern=r"^(\d+(\.\d+)?|\d+m)$")
    memory: str = Field(default="4Gi", pattern=r"^\d+([KMGTPE]i?)?$")
    gpus: int = Field(default=0, ge=0)
    gpu_resource: str = "nvidia.com/gpu"
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    retries: int = Field(default=2, ge=0)
    timeout_minutes: int = Field(default=360, ge=1)
    environment: dict[_Variable, str] = Field(default_factory=dict)
    secrets: dict[_Variable, SecretKey] = Field(default_factory=dict)
    beam: BeamSettings | None = None

    def overridden_by(self, other: ContainerSettings) -> ContainerSettings:
        """These settings with those that another one states; mappings are merged key by key."""
        changes = {name: getattr(other, name) for name in other.model_fields_set}
        for name in _MERGED:
            if name in changes:
                changes[name] = {**getattr(self, name), **changes[name]}
        return self.model_copy(update=changes)


class MySql(Frozen):
    """ML Metadata in a MySQL or MariaDB database.

    Attributes:
        host: Its host.
        port: Its port.
        database: Name of the database; made where it does not exist and the user may make it.
        user: Who connects.
        password: Where the password lies.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=3306, ge=1, le=65535)
    database: str = Field(min_length=1)
    user: str = Field(min_length=1)
    password: SecretKey


class Grpc(Frozen):
    """ML Metadata behind its own gRPC server.

    Attributes:
        host: Its host.
        port: Its port.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=8080, ge=1, le=65535)


class MetadataSettings(Frozen):
    """Where ML Metadata lies: one of the two, or a SQLite file in `root` where neither is named.

    SQLite needs a volume with working file locks, and serializes the nodes' writes: good for one
    machine, not for many.
    """

    mysql: MySql | None = None
    grpc: Grpc | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.mysql and self.grpc:
            raise ValueError(
                "ML Metadata lies in one place. Received: `mysql` and `grpc`. Delete one of them."
            )
        return self

    @property
    def server(self) -> MySql | Grpc | None:
        """The one that is named."""
        return self.mysql or self.grpc


class ClusterTraining(Frozen):
    """Trainings in pods of their own, which the containers of Retriever, Ranker and Tuners start.

    Attributes:
        workers: Pods of each training.
        kind: `Job` is plain Kubernetes; `TFJob` needs Kubeflow's training operator in the cluster.
        pods: What is different in these pods from `containers`. Of a training, `retries` says how
            often it is started again from its last checkpoint after a pod failed, and
            `timeout_minutes` how long each of these attempts may take.
        namespace: Where runs take place.
        service_account: The account under which they do; it is given the right to start Jobs.
    """

    workers: int = Field(ge=1)
    kind: Literal["Job", "TFJob"] = "Job"
    pods: ContainerSettings = ContainerSettings()
    namespace: str = Field(default="kubeflow", min_length=1)
    service_account: str = Field(default="pipeline-runner", min_length=1)


class KubeflowSettings(Frozen):
    """How the pipeline runs on Kubeflow.

    Attributes:
        image: Container image with this project in it; `python` in it is the environment's.
        volumes: What is mounted in every container; `root` and local data lie there.
        pipeline_root: Where artifacts lie: `s3://bucket/path` or `gs://bucket/path`; without it,
            below `root`. Nodes work on copies on their machine's disk. `root` keeps what is served,
            the report and the compiled pipelines.
        metadata: Where ML Metadata lies.
        containers: What every container gets.
        nodes: Node id -> what is different there. `Begin` is the container that starts a run.
        training: How many pods train a model; without it, processes in the node's container do.
    """

    image: str = Field(min_length=1)
    volumes: tuple[Volume, ...] = Field(min_length=1)
    pipeline_root: str | None = Field(
        default=None, pattern=r"^(s3|gs)://[a-z0-9][a-z0-9._-]+(/[\w.=-]+)*$"
    )
    metadata: MetadataSettings = MetadataSettings()
    containers: ContainerSettings = ContainerSettings()
    nodes: dict[str, ContainerSettings] = Field(default_factory=dict)
    training: ClusterTraining | None = None

    @model_validator(mode="after")
    def _variables_have_one_source(self) -> Self:
        places = {place: self.container(place) for place in ("", *self.nodes)}
        if self.training:
            places["training"] = self.containers.overridden_by(self.training.pods)
        for place, container in places.items():
            if twice := sorted(set(container.environment) & set(container.secrets)):
                raise ValueError(
                    "a variable comes from `environment` or from `secrets`. Received: "
                    f"{', '.join(twice)} in both{f' for {place}' if place else ''}. "
                    "Delete one of the two."
                )
        return self

    @model_validator(mode="after")
    def _copies_are_where_the_work_is(self) -> Self:
        beam = [name for name in ("", *self.nodes) if self.container(name).beam]
        if self.pipeline_root and (self.training or beam):
            elsewhere = "training" if self.training else "beam"
            raise ValueError(
                "with `pipeline_root` in object storage each node works in its own container, on "
                f"copies that no other pod sees. Received: {self.pipeline_root} and `{elsewhere}`. "
                f"Delete `{elsewhere}`, or leave the artifacts on the volume."
            )
        return self

    def container(self, node_id: str) -> ContainerSettings:
        """What the container of one node gets."""
        own = self.nodes.get(node_id)
        return self.containers.overridden_by(own) if own else self.containers
