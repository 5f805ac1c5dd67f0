"""A person leaves the published versions: the requests that warm a server up name users."""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from components.pusher import manifest
from components.pusher.destination import locked
from components.warm_up_file import WARM_UP_FILE
from pipeline.erasure.person import Person
from serving.durable import replace_file

_LENGTH, _CHECKSUM = 8, 4


def copies_of(folder: Path, versions: Iterable[int]) -> list[int]:
    """The versions in a folder whose towers are those of some version."""
    trained, found = set(versions), []
    for path in folder.iterdir() if folder.is_dir() else ():
        said = manifest.read(path)
        if said is not None and trained & {said.version, said.origin, said.trained}:
            found.append(said.version)
    return sorted(found)


def forget(folder: Path, traces: Sequence[Path], person: Person) -> list[Path]:
    """Takes requests of a person out of the warm-up of versions, and out of their manifests.

    The manifest is written first: where this is killed in between, the warm-up still names the
    person, and the next erasure finds it and completes the pair.

    Args:
        folder: Where the versions lie.
        traces: Files that name the person.
        person: Who.

    Returns:
        The files that were changed. What else of a version names the person stays: it is part of
        the model.
    """
    changed = [file for file in traces if file.name == WARM_UP_FILE and folder in file.parents]
    if not changed:
        return []
    with locked(folder):
        for file in changed:
            records = _records(file.read_bytes())
            kept = b"".join(one for one in records if not person.is_in(one))
            version = folder / file.relative_to(folder).parts[0]
            said = manifest.read(version)
            if said is not None:
                digest = hashlib.sha256(kept).hexdigest()
                files = said.files | {str(file.relative_to(version)): digest}
                listed = dataclasses.replace(said, files=files)
                replace_file(version / manifest.MANIFEST_FILE, listed.text().encode())
            replace_file(file, kept)
    return changed


def _records(data: bytes) -> Iterator[bytes]:
    """The records of a TFRecord file, with what frames them."""
    begin = 0
    while begin < len(data):
        (length,) = struct.unpack_from("<Q", data, begin)
        end = begin + _LENGTH + _CHECKSUM + length + _CHECKSUM
        yield data[begin:end]
        begin = end
