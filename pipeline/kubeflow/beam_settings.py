"""Where Beam runs for the nodes that use it: in their own container, on Flink, or on Dataflow."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from transform.settings import Frozen

_ADDRESS = r"^[\w.-]+:\d{1,5}$"


class Flink(Frozen):
    """A Flink cluster, beside which Beam's job server for Flink runs.

    Attributes:
        job_server: Address of the job server, `host:8099`.
        workers: Where a machine of Flink finds Beam's workers. They are containers of our image,
            one in each of its pods, so the address is its own: `localhost:50000`.
        parallelism: How many parts of a step are worked on at a time.
    """

    job_server: str = Field(pattern=_ADDRESS)
    workers: str = Field(default="localhost:50000", pattern=_ADDRESS)
    parallelism: int = Field(default=2, ge=1)


class Dataflow(Frozen):
    """Google's Dataflow. Its machines come and go with a job, and see object storage alone.

    So `root` must lie there, too: where it is a folder on a volume, compiling refuses this.

    Attributes:
        project: Project that is billed.
        region: Region in which its machines run.
        temp: Folder for what is there only meanwhile.
        image: Image of its machines: ours, with the entry point of Beam's SDK image in it.
        max_workers: How many machines at most.
        machine: Their type; None leaves the choice to Dataflow.
        service_account: The account that they act as; None for the project's own.
        subnetwork: The subnetwork that they are in, by its full name; None for the project's own.
    """

    project: str = Field(min_length=1)
    region: str = Field(min_length=1)
    temp: str = Field(pattern=r"^gs://[^/]+(/.*)?$")
    image: str = Field(min_length=1)
    max_workers: int = Field(default=4, ge=1)
    machine: str | None = None
    service_account: str | None = None
    subnetwork: str | None = None


class BeamSettings(Frozen):
    """One of the two."""

    flink: Flink | None = None
    dataflow: Dataflow | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.flink is None) == (self.dataflow is None):
            named = "`flink` and `dataflow`" if self.flink else "neither"
            raise ValueError(
                f"Beam runs in one place: `flink` or `dataflow`. Received: {named}. Name one, or "
                "leave `beam` out, and it runs in the node's own container."
            )
        return self
