"""Nodes on local copies of artifacts that lie in object storage.

Every library opens files in its own way, and few of them know S3. So no executor sees object
storage: TFX's launcher works below a local folder, inputs are fetched into it before the executor
runs, and outputs are uploaded after it and before they are published. Metadata hold what lies in
object storage alone.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import attr
from tfx.dsl.io import filesystem, filesystem_registry
from tfx.orchestration.portable import launcher
from tfx.proto.orchestration import pipeline_pb2

from components.artifacts import STORED_AT
from pipeline.artifact_store import folders

Operators = Mapping[type, Callable[..., Any]]  # kind of executor -> what makes its operator

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def staging(compiled: pipeline_pb2.Pipeline) -> Iterator[Operators]:
    """Lets the nodes of a pipeline, whose root may lie in object storage, run on copies.

    Args:
        compiled: The pipeline; a root in object storage becomes a local folder, which is gone once
            this ends.

    Yields:
        Operators for the launcher; none where the root is a folder anyway.
    """
    root = compiled.runtime_spec.pipeline_root.field_value
    if not folders.is_remote(root.string_value):
        yield {}
        return
    filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY.register(_StoredArtifacts, priority=0)
    with tempfile.TemporaryDirectory(prefix="sluice-artifacts-") as made:
        copies = Copies(Path(made))
        root.string_value = copies.local(root.string_value)
        yield {
            kind: functools.partial(_OnCopies, copies, operator)
            for kind, operator in launcher.DEFAULT_EXECUTOR_OPERATORS.items()
        }


class Copies:
    """Local folders in the place of URIs in object storage."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def local(self, uri: str) -> str:
        """The folder that stands for a URI; a path that is local stays."""
        scheme, mark, path = uri.partition("://")
        return str(self._folder / scheme / path) if mark else uri

    def stored(self, text: str) -> str:
        """Text with the URI in the place of each such folder."""
        for scheme in folders.SCHEMES:
            text = text.replace(f"{self._folder / scheme.removesuffix('://')}/", scheme)
        return text

    def fetch(self, uri: str) -> str:
        """Downloads an artifact once; the folder where it can be read."""
        folder = Path(self.local(uri))
        if folders.is_remote(uri) and not folder.exists():
            logger.info("fetching %s", uri)
            folders.download(uri, folder)
        return str(folder)

    def store(self, folder: str) -> None:
        """Uploads what an executor has left in a folder."""
        logger.info("storing %s", self.stored(folder))
        folders.upload(Path(folder), self.stored(folder))


class _OnCopies:
    """An operator of TFX's whose executor reads and writes copies."""

    def __init__(self, copies: Copies, operator: type[Any], **specification: Any) -> None:
        self._copies = copies
        self._operator = operator(**specification)

    def with_execution_watcher(self, address: str) -> None:
        self._operator.with_execution_watcher(address)

    def run_executor(self, execution: Any) -> Any:
        given = copy.deepcopy(execution.input_dict)
        for artifact in _all(given):
            artifact.set_string_custom_property(STORED_AT, artifact.uri)
            artifact.uri = self._copies.fetch(artifact.uri)
        told = self._operator.run_executor(attr.evolve(execution, input_dict=given))
        if told.execution_result.code == 0:
            self._store(execution.output_dict, told)
        return told

    def _store(self, made: Mapping[str, Any], told: Any) -> None:
        """Uploads the outputs; only then do they lie where the metadata will say."""
        for artifact in _all(made):
            self._copies.store(artifact.uri)
        protos = [one for each in told.output_artifacts.values() for one in each.artifacts]
        for artifact in [*protos, *_all(made)]:
            artifact.uri = self._copies.stored(artifact.uri)
        for proto in protos:  # properties may name a model by its place
            for value in proto.custom_properties.values():
                if value.HasField("string_value"):
                    value.string_value = self._copies.stored(value.string_value)


class _StoredArtifacts(filesystem.Filesystem):
    """What TFX asks of an artifact before it takes it from the cache."""

    SUPPORTED_SCHEMES: ClassVar = list(folders.SCHEMES)

    @staticmethod
    def exists(path: str) -> bool:
        return folders.is_whole(path)


def _all(artifacts: Mapping[str, Any]) -> list[Any]:
    return [artifact for each in artifacts.values() for artifact in each]
