"""The Pusher node: its channels and settings."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.pusher.executor import Executor
from components.pusher.labels import Rollout

KEPT_VERSIONS = 3


class PusherSpec(ComponentSpec):
    """Types of the node's parameters, inputs and outputs."""

    PARAMETERS: ClassVar = {
        "push_destination": ExecutionParameter(type=str),
        "keep": ExecutionParameter(type=int),
        "rollout": ExecutionParameter(type=str),
        "served": ExecutionParameter(type=str, optional=True),
        "code": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": ChannelParameter(type=standard_artifacts.InfraBlessing),
    }
    OUTPUTS: ClassVar = {"pushed_model": ChannelParameter(type=standard_artifacts.PushedModel)}


class Pusher(base_component.BaseComponent):
    """Publishes the model as a new version if both gates blessed it, atomically.

    TFX's own Pusher copies into the version directory that servers already look at.
    """

    SPEC_CLASS = PusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        model: channel.BaseChannel,
        model_blessing: channel.BaseChannel,
        infra_blessing: channel.BaseChannel,
        push_destination: str,
        code: str,
        keep: int = KEPT_VERSIONS,
        rollout: Rollout = Rollout.NEWEST,
        served: str | None = None,
    ) -> None:
        """Declares the node.

        Args:
            model: The candidate.
            model_blessing: The Verdict's blessing.
            infra_blessing: The ServingValidator's blessing, with the warm-up requests.
            push_destination: Folder of the versions; an absolute path on a local or mounted disk.
            code: Fingerprint of the code, so that changed code is not served from the cache.
            keep: How many of the newest versions and of the last trainings stay; what is in use
                stays beside them.
            rollout: Whether the label `stable` follows at once, or waits behind `canary`.
            served: What is served now (`components.pusher.served.state`), where a model that was
                pushed once may have to be pushed again, since others were served meanwhile. A
                model that users were served and that was taken back is then withheld, and so is a
                new one where something else is served by the time it is pushed. None where a
                model is pushed once.

        Raises:
            ValueError: The destination is no absolute path, or no version would stay.
        """
        if not Path(push_destination).is_absolute():
            raise ValueError(
                "Models are published by an atomic rename, so `push_destination` must be an "
                f"absolute path of a file system. Received: {push_destination!r}. "
                "Mount remote storage, or sync it from a local folder."
            )
        if keep < 1:
            raise ValueError(f"`keep` must be at least 1, the newest version. Received: {keep}.")
        super().__init__(
            PusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                push_destination=push_destination,
                keep=keep,
                rollout=rollout.value,
                served=served,
                code=code,
                pushed_model=channel.Channel(type=standard_artifacts.PushedModel),
            )
        )
