"""The models to serve, from a ModelServerConfig file or message."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tensorflow_serving.config import model_server_config_pb2

from serving.model_server.errors import invalid_argument
from serving.model_server.text_protos import read_text_proto
from serving.model_server.version_policy import ALL, LATEST, VersionPolicy, latest, specific

logger = logging.getLogger(__name__)

_PLATFORM = "tensorflow"


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """One model.

    Attributes:
        name: Name under which callers ask for it.
        base_path: Directory of its version directories.
        policy: Which versions are served at the same time.
        labels: Label -> version.
    """

    name: str
    base_path: Path
    policy: VersionPolicy = LATEST
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)


def read_model_config(path: Path) -> tuple[ModelConfig, ...]:
    """The models that a `--model_config_file` names.

    Raises:
        StartError: The file is not a ModelServerConfig.
        RequestError: It breaks a rule; the message says which and how to mend it.
    """
    config = model_server_config_pb2.ModelServerConfig()
    return from_proto(read_text_proto(path, config, "--model_config_file"))


def from_proto(config: Any) -> tuple[ModelConfig, ...]:
    """The models of a ModelServerConfig.

    Raises:
        RequestError: INVALID_ARGUMENT with the rule, the value received and what to do.
    """
    if config.WhichOneof("config") != "model_config_list":
        raise invalid_argument(
            "the configuration must be a model_config_list, the only form there is; received "
            f"{config.WhichOneof('config') or 'nothing'}"
        )
    models = tuple(_model(proto) for proto in config.model_config_list.config)
    names = [model.name for model in models]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise invalid_argument(
            f"a model name may appear once in the configuration, received {repeated} more than "
            "once. Give every model its own name"
        )
    return models


def _model(proto: Any) -> ModelConfig:
    if not proto.name or "/" in proto.name or ":" in proto.name:
        raise invalid_argument(
            "a model needs a name without '/' and ':', which end the name in a REST path; "
            f"received {proto.name!r}. Correct `name`"
        )
    where = f"model {proto.name!r}"
    if proto.model_platform != _PLATFORM:
        raise invalid_argument(
            f"model_platform of {where} must be {_PLATFORM!r}, received "
            f"{proto.model_platform!r}. Set it"
        )
    if proto.HasField("logging_config"):
        logger.warning("%s: requests are not logged by this server (logging_config)", where)
    return ModelConfig(
        proto.name,
        _base_path(proto.base_path, where),
        _policy(proto.model_version_policy, where),
        dict(proto.version_labels),
    )


def _base_path(text: str, where: str) -> Path:
    path = PurePosixPath(text)
    if not path.is_absolute() or ".." in path.parts or "\0" in text:
        raise invalid_argument(
            f"base_path of {where} must be an absolute path without '..', received {text!r}. "
            "Name the directory that holds the version directories in full"
        )
    if not Path(path).is_dir():
        raise invalid_argument(
            f"base_path of {where} must be a directory that holds version directories, received "
            f"{text!r}. Push a model first, or correct it"
        )
    return Path(path)


def _policy(proto: Any, where: str) -> VersionPolicy:
    kind = proto.WhichOneof("policy_choice")
    if kind == "all":
        return ALL
    if kind == "specific":
        if not proto.specific.versions:
            raise invalid_argument(
                f"the specific model_version_policy of {where} must name at least one version, "
                "received none. Add `versions: N`"
            )
        return specific(proto.specific.versions)
    if kind == "latest" and proto.latest.num_versions > 1:
        return latest(proto.latest.num_versions)
    return LATEST  # also for 0, the default of the proto
