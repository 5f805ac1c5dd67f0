"""Settings of serving: nothing in them changes a model."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from components.pusher.labels import Rollout
from pipeline.deployment import image as images
from transform.settings import Frozen

_DNS_LABEL = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_SUB_PATH = r"^(\w[\w.=-]*(/\w[\w.=-]*)*)?$"  # neither absolute nor upwards


class Objectives(Frozen):
    """What callers are promised, over a rolling window; alerts watch how fast it is used up.

    Attributes:
        availability: Share of the requests that the server does not fail.
        latency_ms: Time in the server, in ms, that `latency_share` of the answers stay within. The
            server counts answers in fixed classes of time: the largest that ends no later counts.
        latency_share: Share of the answers that are as fast.
        days: Length of the window.
        freshness_s: Time in which lists take notice of an event, seconds; counted to the second.
        fallback_share: Share of the lists that may be a fallback.
        model_days: Age of the model that answers, at the most.
    """

    availability: float = Field(default=0.999, gt=0, lt=1)
    latency_ms: float = Field(default=50.0, ge=1)
    latency_share: float = Field(default=0.99, gt=0, lt=1)
    days: int = Field(default=28, ge=1)
    freshness_s: float = Field(default=10.0, ge=2)
    fallback_share: float = Field(default=0.01, gt=0, lt=1)
    model_days: float = Field(default=14.0, gt=0)


class Kubernetes(Frozen):
    """Where and how many servers run.

    Attributes:
        namespace: Namespace of everything that is rendered; that of the claim.
        own_namespace: Whether the servers are alone in it. Then it is rendered, too, and takes no
            pod with privileges, which those of others may need: the pipeline's, say.
        claim: PersistentVolumeClaim that holds the base path; the servers only read it.
        sub_path: The base path's place in the claim; empty where it is all of it.
        min_replicas: Servers at the least.
        max_replicas: Servers at the most.
        monitoring_namespace: Namespace from which Prometheus may read the metrics.
    """

    namespace: str = Field(default="recommender", pattern=_DNS_LABEL)
    own_namespace: bool = True
    claim: str = Field(default="recommender-models", pattern=_DNS_LABEL)
    sub_path: str = Field(default="", pattern=_SUB_PATH)
    min_replicas: int = Field(default=2, ge=1)
    max_replicas: int = Field(default=6, ge=1)
    monitoring_namespace: str = Field(default="monitoring", pattern=_DNS_LABEL)

    @model_validator(mode="after")
    def _replicas_are_a_range(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError(
                "`min_replicas` may not lie above `max_replicas`. Received: "
                f"{self.min_replicas} and {self.max_replicas}. Exchange or change them."
            )
        return self


class Canary(Frozen):
    """When a version that is tried out is withdrawn, or has passed.

    It is compared with `stable`, at any time, by the share of the requests that failed and by that
    of the answers slower than `objectives.latency_ms`.

    Attributes:
        seconds: How long it is tried.
        answers: How many answers it must have given by then.
        more_failures: By how much its share of failures may be higher.
        more_slow: By how much its share of slow answers may be higher.
        alpha: Chance of withdrawing a version that is as good, over all looks together.
    """

    seconds: float = Field(default=300.0, gt=0)
    answers: int = Field(default=200, ge=1)
    more_failures: float = Field(default=0.01, ge=0, lt=1)
    more_slow: float = Field(default=0.05, ge=0, lt=1)
    alpha: float = Field(default=0.01, gt=0, lt=0.5)


class ServingSettings(Frozen):
    """How pushed versions are served.

    Attributes:
        rollout: `newest`: every server takes a new version as soon as it has loaded it. `canary`:
            a new version answers callers that ask for `canary`, until `sluice promote`.
        image: Image of TensorFlow Serving, with a tag, a digest or both. What a tag names may be
            changed by others at any time; a digest says the bytes.
        cpus: Processors of one server; threads and batches are made for as many.
        memory_mib: Memory of one server. While versions are swapped it holds two of them.
        max_batch_size: Requests that the server may compute together, where batching is on.
        objectives: What callers are promised.
        canary: When a version that is tried out is withdrawn.
        kubernetes: Where and how many servers run.
    """

    rollout: Rollout = Rollout.NEWEST
    image: str = Field(default="tensorflow/serving:2.20.0", pattern=images.PATTERN)
    cpus: int = Field(default=4, ge=1)
    memory_mib: int = Field(default=8192, ge=256)
    max_batch_size: int = Field(default=32, ge=1)
    objectives: Objectives = Objectives()
    canary: Canary = Canary()
    kubernetes: Kubernetes = Kubernetes()
