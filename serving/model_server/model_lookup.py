"""The model and version that a ModelSpec asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from tensorflow_serving.apis import model_pb2

from serving.model_server.errors import invalid_argument, not_found
from serving.model_server.servables import Servable
from serving.model_server.versions import ModelVersions

Models = Mapping[str, ModelVersions[Servable]]


def find_model(models: Models, spec: model_pb2.ModelSpec) -> ModelVersions[Servable]:
    """The model that a spec names.

    Raises:
        RequestError: INVALID_ARGUMENT without a name, NOT_FOUND for an unknown one.
    """
    if not spec.name:
        raise invalid_argument(
            f"Missing ModelSpec: model_spec.name must name a model. Set it to one of "
            f"{sorted(models)}"
        )
    model = models.get(spec.name)
    if model is None:
        raise not_found(
            f"Could not find any versions of model {spec.name!r}. Known: {sorted(models)}"
        )
    return model


def find_version(model: ModelVersions[Any], spec: model_pb2.ModelSpec) -> int | None:
    """The version that a spec insists on, by number or by label, or None.

    Raises:
        RequestError: INVALID_ARGUMENT for a label that is not set.
    """
    choice = spec.WhichOneof("version_choice")
    if choice == "version_label":
        return model.labelled(spec.version_label)
    return int(spec.version.value) if choice == "version" else None


def acquire(
    models: Models, spec: model_pb2.ModelSpec
) -> contextlib.AbstractContextManager[tuple[int, Servable]]:
    """The version and servable that answer a spec, kept alive while the context is open.

    Raises:
        RequestError: The spec asks for what is not there.
    """
    model = find_model(models, spec)
    if spec.WhichOneof("version_choice") == "version_label":
        return model.acquire(label=spec.version_label)
    return model.acquire(find_version(model, spec))
