"""Folders in object storage: written whole or not at all, and read as they were written."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pipeline.artifact_store.manifest import Content, Manifest, copy
from pipeline.errors import RunError

SCHEMES = ("s3://", "gs://")
ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"  # of what speaks S3 and is not Amazon's: MinIO
MANIFEST = ".whole.json"
_PROBE = ".reachable"
_FILES_AT_A_TIME = 8


def is_remote(uri: str) -> bool:
    """True for a URI in object storage."""
    return uri.startswith(SCHEMES)


def check_store(uri: str) -> None:
    """Finds out whether the store lets us write below a URI.

    Raises:
        RunError: It does not.
    """
    with _errors_of_the_store(uri):
        files, path = _place(uri)
        with files.open_output_stream(f"{path}/{_PROBE}") as probe:
            probe.write(b"")


def is_whole(uri: str) -> bool:
    """True where a folder was uploaded, and its upload came to its end."""
    return bool(manifest_text(uri))


def upload(folder: Path, uri: str) -> None:
    """Uploads a folder into the place of whatever an attempt before has left there.

    What is read back is all of it: the list of its files comes last, and nobody takes a folder for
    an artifact that has none.

    Raises:
        RunError: The store refuses it, or cannot be reached.
    """
    with _errors_of_the_store(uri):
        files, path = _place(uri)
        files.delete_dir_contents(path, missing_dir_ok=True)
        inside = sorted(folder.rglob("*"))
        names = [str(one.relative_to(folder)) for one in inside if one.is_file()]

        def send(name: str) -> Content:
            target = files.open_output_stream(f"{path}/{name}")
            with (folder / name).open("rb") as read, target as written:
                return copy(read, written)

        contents = dict(zip(names, _each(send, names), strict=True))
        folders = tuple(str(one.relative_to(folder)) for one in inside if one.is_dir())
        text = Manifest(files=contents, folders=folders).model_dump_json()
        with files.open_output_stream(f"{path}/{MANIFEST}") as target:
            target.write(text.encode())


def download(uri: str, folder: Path) -> None:
    """Downloads what `upload` has put there.

    Args:
        uri: Where it lies.
        folder: A folder that does not exist yet.

    Raises:
        RunError: It is not there, was changed since, or the store cannot be reached.
    """
    manifest = Manifest.model_validate_json(_manifest_of(uri))
    folder.mkdir(parents=True)
    for name in manifest.folders:
        (folder / name).mkdir(parents=True, exist_ok=True)
    with _errors_of_the_store(uri):
        files, path = _place(uri)

        def fetch(name: str) -> Content:
            source = files.open_input_stream(f"{path}/{name}")
            with source as read, (folder / name).open("wb") as written:
                return copy(read, written)

        fetched = dict(zip(manifest.files, _each(fetch, manifest.files), strict=True))
    if changed := [name for name, content in fetched.items() if content != manifest.files[name]]:
        raise RunError(
            f"an artifact does not change once it is stored. Received: {uri}, in which "
            f"{', '.join(changed[:3])} differs from what was uploaded. Delete the artifact's "
            f"{MANIFEST} there and run again: the node that made it makes it anew."
        )


def manifest_text(uri: str) -> bytes:
    """The list of the files of an uploaded folder; empty where none is whole there.

    Raises:
        RunError: The store refuses it, or cannot be reached.
    """
    with _errors_of_the_store(uri):
        files, path = _place(uri)
        try:
            with files.open_input_stream(f"{path}/{MANIFEST}") as source:
                return bytes(source.read())
        except FileNotFoundError:
            return b""


def _manifest_of(uri: str) -> bytes:
    text = manifest_text(uri)
    if not text:
        raise RunError(
            f"an artifact in object storage is whole once it has its {MANIFEST}. Received: {uri}, "
            "which has none: it was deleted, or never uploaded to its end. Run again: the node "
            "that makes it makes it anew."
        )
    return text


def _each(work: Callable[[str], Content], names: Iterable[str]) -> list[Content]:
    with ThreadPoolExecutor(_FILES_AT_A_TIME) as pool:
        return list(pool.map(work, names))


def _place(uri: str) -> tuple[Any, str]:
    """The file system of a URI, and the path in it."""
    scheme, _, path = uri.partition("://")
    return _file_system(scheme, path.partition("/")[0], os.environ.get(ENDPOINT_VARIABLE)), path


@functools.cache
def _file_system(scheme: str, bucket: str, endpoint: str | None) -> Any:
    from pyarrow import fs  # only here: what lies on volumes does not need it

    if scheme == "s3" and endpoint:
        return fs.S3FileSystem(endpoint_override=endpoint)
    found, _ = fs.FileSystem.from_uri(f"{scheme}://{bucket}")  # Amazon's region is looked up
    return found


@contextlib.contextmanager
def _errors_of_the_store(uri: str) -> Iterator[None]:
    """Says what the store has said. Errors of this machine, such as a full disk, have a number."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and not isinstance(error, FileNotFoundError):
            raise
        said = re.sub(r"\s+", " ", str(error))
        raise RunError(
            "the object storage of `kubeflow.pipeline_root` must let this process read and write. "
            f"Received: {uri}: {said} Check the bucket, the credentials (AWS_ACCESS_KEY_ID and "
            f"AWS_SECRET_ACCESS_KEY, or the account of the pod) and {ENDPOINT_VARIABLE}, which is "
            f"{os.environ.get(ENDPOINT_VARIABLE, 'not set')}."
        ) from error
