"""`models.config`: which versions a server loads, and which of them a label names.

With the rollout `newest` the file never changes: a server finds new versions by itself. With
`canary` it lists the versions that have a label, and it changes when the labels do. TensorFlow
Serving gives a label only to a version that it has loaded, and drops the calls for a label whose
version it unloads. So the labels of the file move in steps, from what the file said before to what
`labels.json` says now: a version is listed first, gets its label in the next step, and the version
that had it goes in the one after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from pipeline.serving_folder import MODEL_NAME

BASE_PATH = f"/models/{MODEL_NAME}"  # as the container sees it


class ConfigError(Exception):
    """A rendered file cannot be continued; the message says why and what to do."""


@dataclass(frozen=True)
class Step:
    """What a server is told at one time.

    Attributes:
        versions: What it loads; empty for whatever is newest.
        labels: Label -> version.
    """

    versions: frozenset[int] = frozenset()
    labels: Mapping[str, int] = field(default_factory=dict)


NEWEST = Step()


def next_step(before: Step, wanted: Mapping[str, int]) -> Step:
    """The next step towards the labels that are wanted.

    Args:
        before: What the server was told last, and has loaded; `NEWEST` for a server that is yet to
            start, which loads all that is listed before it looks at the labels.
        wanted: Label -> version; may be empty before the first push.
    """
    if not wanted or before == NEWEST:
        return Step(frozenset(wanted.values()), dict(wanted))
    labels = {**before.labels, **{k: v for k, v in wanted.items() if v in before.versions}}
    loaded = {*wanted.values(), *labels.values(), *before.labels.values()}
    return Step(frozenset(loaded), labels)


def is_last(step: Step, wanted: Mapping[str, int]) -> bool:
    """Whether nothing is left to do after a step."""
    return step == Step(frozenset(wanted.values()), wanted)


def render(step: Step) -> str:
    """The file, as a ModelServerConfig in protobuf's text format."""
    config = model_server_config_pb2.ModelServerConfig()
    model = config.model_config_list.config.add(
        name=MODEL_NAME, base_path=BASE_PATH, model_platform="tensorflow"
    )
    if step.versions:
        model.model_version_policy.specific.versions.extend(sorted(step.versions))
    else:
        model.model_version_policy.latest.num_versions = 1
    for label, version in sorted(step.labels.items()):
        model.version_labels[label] = version
    return str(text_format.MessageToString(config))


def parse(text: str) -> Step:
    """The step that a file was rendered from.

    Raises:
        ConfigError: It is not such a file.
    """
    config = model_server_config_pb2.ModelServerConfig()
    try:
        text_format.Parse(text, config)
        [model] = config.model_config_list.config
    except (text_format.ParseError, ValueError) as error:
        raise ConfigError(
            "The `models.config` that is to be replaced must be a ModelServerConfig of one model, "
            f"since its labels move step by step. Received: {error}. Remove it to start anew; "
            "servers that run must then be started anew, too."
        ) from error
    return Step(frozenset(_specific(model)), dict(model.version_labels))


def _specific(model: Any) -> list[int]:
    return list(model.model_version_policy.specific.versions)
