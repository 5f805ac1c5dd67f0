"""Writing that survives a crash: file contents and names are on the disk when a call returns."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

STAGING = ".staging-"  # what a call that was killed leaves behind begins with this


def copy_file(source: Path, target: Path) -> None:
    """Copies a file and flushes it to disk; folders on the way are made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer)
        writer.flush()
        os.fsync(writer.fileno())


def write_file(target: Path, data: bytes) -> None:
    """Writes a file and flushes it to disk."""
    with target.open("wb") as writer:
        writer.write(data)
        writer.flush()
        os.fsync(writer.fileno())


def replace_file(target: Path, data: bytes) -> None:
    """Writes a file that readers see as it was before or as it is now, never in between.

    Several may write it at once: each has a draft of its own, and the last one stays.
    """
    draft = target.with_name(f"{STAGING}{target.name}-{uuid.uuid4().hex}")
    try:
        write_file(draft, data)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it; their names are on the disk, too."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Flushes the names in a folder: without it a crash may forget a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def forget_cached(folder: Path) -> None:
    """Makes the next reads of a folder's files come from the disk, not from memory.

    Files must have been flushed before. A file system that keeps its files in memory ignores it.
    """
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
