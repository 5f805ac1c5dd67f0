"""The models that a server serves, and the replacement of the whole set while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping

import grpc

from serving.model_server.base_path import find_versions
from serving.model_server.errors import RequestError, invalid_argument
from serving.model_server.model_config import ModelConfig
from serving.model_server.servables import Servable, load_servable
from serving.model_server.versions import ModelVersions

logger = logging.getLogger(__name__)

_DRAIN_SECONDS = 300.0  # of a model that is no longer served

Create = Callable[[ModelConfig], ModelVersions[Servable]]


def _create(config: ModelConfig) -> ModelVersions[Servable]:
    return ModelVersions(config.name, config.base_path, load_servable, policy=config.policy)


class ModelSet(Mapping[str, ModelVersions[Servable]]):
    """Model name -> its versions.

    Args:
        models: The models at the start, not started yet.
        create: Makes the versions of a model that a new configuration adds.
        allow_labels_for_unavailable: A label that is not in use may name a version that is not
            loaded (yet).
    """

    def __init__(
        self,
        models: Mapping[str, ModelVersions[Servable]],
        create: Create = _create,
        *,
        allow_labels_for_unavailable: bool = False,
    ) -> None:
        self._on_change: Callable[[], None] = lambda: None
        self._models = dict(models)  # replaced as a whole, never changed
        self._create = create
        self._allow_unavailable = allow_labels_for_unavailable
        self._reloading = threading.Lock()

    def __getitem__(self, name: str) -> ModelVersions[Servable]:
        return self._models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def start(
        self,
        labels: Mapping[str, Mapping[str, int]] | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Load what there is to load, then set the labels.

        Args:
            labels: Model name -> label -> version.
            on_change: Called after a version became available or the set was replaced.

        Raises:
            RequestError: A label stands for a version that is not available.
        """
        self._on_change = on_change
        for model in self._models.values():
            model.start(on_change)
        for name, wanted in (labels or {}).items():
            self._check_labels(self._models[name], wanted)
            self._models[name].labels = dict(wanted)

    def stop(self, drain_seconds: float = 0.0) -> bool:
        """Release every model.

        Args:
            drain_seconds: Longest wait for the calls of a model that are in flight.

        Returns:
            Whether all were released; not where one is still being loaded.
        """
        if not self._reloading.acquire(timeout=drain_seconds):
            logger.warning("no model is released: a new configuration still loads one")
            return False
        try:
            released = [model.stop(drain_seconds) for model in self._models.values()]
            return all(released)
        finally:
            self._reloading.release()

    def reload(self, configs: Iterable[ModelConfig]) -> None:
        """Serve exactly these models from now on.

        New models are loaded before any change is seen, models left out are dropped when their
        last call has returned. When anything is wrong, nothing changes.

        Raises:
            RequestError: INVALID_ARGUMENT or FAILED_PRECONDITION, with the reason.
        """
        with self._reloading:
            wanted = {config.name: config for config in configs}
            if not wanted:
                raise invalid_argument(
                    "the configuration must name at least one model, received none: it replaces "
                    "the whole set. List every model that is to be served"
                )
            for name, config in wanted.items():
                if name in self._models:
                    self._check_labels(self._models[name], config.labels)
                    _require_candidates(self._models[name], config)
            added = self._load_new(wanted)
            removed = {name: model for name, model in self._models.items() if name not in wanted}
            kept = {name: model for name, model in self._models.items() if name in wanted}
            for name, model in kept.items():
                model.configure(wanted[name].base_path, wanted[name].policy, wanted[name].labels)
                model.poll()
            self._models = {**kept, **added}
            logger.info("serving the models %s", sorted(self._models))
            self._on_change()
            _drop(removed)

    def _load_new(self, wanted: Mapping[str, ModelConfig]) -> dict[str, ModelVersions[Servable]]:
        added: dict[str, ModelVersions[Servable]] = {}
        try:
            for name in wanted.keys() - self._models.keys():
                added[name] = model = self._create(wanted[name])
                model.start(self._on_change)
                _require_loaded(model)
                self._check_labels(model, wanted[name].labels)
                model.labels = wanted[name].labels
        except BaseException:
            for model in added.values():
                model.stop()
            raise
        return added

    def _check_labels(self, model: ModelVersions[Servable], labels: Mapping[str, int]) -> None:
        """Refuse labels whose calls would fail: TensorFlow Serving's rules."""
        in_use = model.labels
        to_check = {
            label: version
            for label, version in labels.items()
            if not self._allow_unavailable or in_use.get(label, version) != version
        }
        available = model.available_versions
        for label, version in sorted(to_check.items()):
            if version not in available:
                raise RequestError(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"label {label!r} of model {model.model_name!r} must name a version that is "
                    f"loaded, received {version}; loaded are {sorted(available)}. Load it first "
                    "(model_version_policy), and move the label in a second step",
                )


def _require_candidates(model: ModelVersions[Servable], config: ModelConfig) -> None:
    """Refuse other versions of a model that is served where there are none."""
    if (config.base_path, config.policy) == (model.base_path, model.policy):
        return
    found = find_versions(config.base_path)
    if not config.policy.candidates(found):
        raise invalid_argument(
            f"model_version_policy {config.policy} of model {config.name!r} must find a version in "
            f"{config.base_path}, which holds {sorted(found) or 'none'}. Push one first, or "
            "correct the policy"
        )


def _require_loaded(model: ModelVersions[Servable]) -> None:
    if model.available_version is None:
        errors = "; ".join(f"version {s.version}: {s.error}" for s in model.states() if s.error)
        raise invalid_argument(
            f"no version of the new model {model.model_name!r} could be loaded from "
            f"{model.base_path}: {errors or 'there is none'}. Push a version that loads first"
        )


def _drop(models: Mapping[str, ModelVersions[Servable]]) -> None:
    """Release models in the background, each when its last call has returned."""
    for name, model in models.items():
        threading.Thread(
            target=model.stop, args=(_DRAIN_SECONDS,), name=f"drop-{name}", daemon=True
        ).start()
