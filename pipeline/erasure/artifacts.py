"""A person leaves the artifacts of all runs.

Rows of users are made from the log, so an artifact that names the person is removed whole, and ML
Metadata told: it is in no cache any more, and the next run makes it anew from the log without the
person. Only the published states of users are written without the person and stay, so that the
others go on being served.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.artifact_store.folders import is_remote
from pipeline.erasure.person import Person
from pipeline.kubeflow.metadata import existing_store
from pipeline.lineage import Lineage, store_below
from serving.stream.log_files import publish
from transform.features import USER_ID

if TYPE_CHECKING:
    from pipeline.settings import Settings

ARTIFACTS = "artifacts"
_STATES = "user_states"
_SYSTEM = ".system"  # of TFX: what executors keep while they work
_ROWS = ("EventExampleGen", "ItemRefresh")
_MODELS = ("Retriever", "Ranker")


def artifact_of(file: Path, root: Path) -> Path:
    """The folder of the artifact that a file is in: <node>/<output>/<execution>."""
    parts = file.relative_to(root / ARTIFACTS).parts
    depth = 4 if parts[1:2] == (_SYSTEM,) else 3
    return (root / ARTIFACTS).joinpath(*parts[: min(depth, len(parts))])


def store_of(settings: Settings) -> Any:
    """ML Metadata's store of a pipeline, as `Lineage.of` finds it; None where nothing was run.

    Raises:
        RunError: It lies on a server that does not let us in.
    """
    own = store_below(settings.root, mlmd.SqliteMetadataSourceConfig.READWRITE)
    if own or not settings.kubeflow:
        return own
    return existing_store(settings.kubeflow.metadata)


def out_of_reach(store: Any) -> list[str]:
    """Where the artifacts lie that are in object storage: they are not searched."""
    known = store.get_artifacts() if store else ()
    return sorted({one.uri for one in known if not _is_deleted(one) and is_remote(one.uri)})


def trained_with(store: Any, pipeline: str, artifacts: Iterable[Path]) -> list[int]:
    """Versions that have learned from some artifacts: as rows, or from a model that had.

    Rows that an earlier erasure removed may have been anybody's, and so may those out of reach. To
    be asked while the artifacts are still there.

    Args:
        store: ML Metadata's store; None without one.
        pipeline: Name of the pipeline.
        artifacts: Folders of artifacts.
    """
    if store is None:
        return []
    lineage = Lineage(store, pipeline)
    wanted = set(artifacts)
    versions, models = set[int](), set[int]()
    made = functools.partial(lineage.outputs, deleted=True)
    read = functools.partial(lineage.inputs, deleted=True)
    for run in lineage.runs():
        rows = [one for node in _ROWS for one in made(run.run_id, "Examples", node)]
        earlier = [one for node in _MODELS for one in read(run.run_id, "Model", node)]
        had_rows = any(
            Path(one.uri) in wanted or _is_deleted(one) or is_remote(one.uri) for one in rows
        )
        if not had_rows and models.isdisjoint(one.id for one in earlier):
            continue
        models |= {one.id for node in _MODELS for one in made(run.run_id, "Model", node)}
        for pushed in made(run.run_id, "PushedModel", "Pusher"):
            version = pushed.custom_properties["pushed_version"].string_value
            versions |= {int(version)} if version else set()
    return sorted(versions)


def _is_deleted(artifact: Any) -> bool:
    return bool(artifact.state == mlmd.Artifact.DELETED)


def remove(root: Path, store: Any, traces: Sequence[Path], person: Person) -> list[Path]:
    """Removes what names the person below the artifacts of a root; returns their folders.

    ML Metadata is told first: where this is killed, nobody takes half an artifact for a whole one,
    and the next erasure knows that rows are gone.

    Args:
        root: The root.
        store: ML Metadata's store; None without one.
        traces: Files that name the person.
        person: Who.
    """
    folders = sorted({artifact_of(file, root) for file in traces})
    removed = [folder for folder in folders if folder.parent.name != _STATES]
    if store is not None:
        _forget(store, removed)
    for folder in removed:
        if folder.is_dir():
            shutil.rmtree(folder)
        else:
            folder.unlink()
    for file in traces:
        if artifact_of(file, root) not in removed:
            _without(file, person)
    return folders


def _without(file: Path, person: Person) -> None:
    """Writes a file of states without a person."""
    table = pq.read_table(file, partitioning=None)
    draft = file.with_name(f".{file.name}")
    pq.write_table(table.filter(pc.not_equal(table[USER_ID], person.user_id)), draft)
    publish(draft, file)


def _forget(store: Any, folders: Sequence[Path]) -> None:
    """Tells ML Metadata which artifacts go, so that nothing takes them for inputs."""
    names = {str(folder) for folder in folders}
    gone = [one for one in store.get_artifacts() if one.uri in names]
    for artifact in gone:
        artifact.state = mlmd.Artifact.DELETED
    store.put_artifacts(gone)
