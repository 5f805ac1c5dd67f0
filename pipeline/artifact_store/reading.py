"""Artifacts for those who read them after a run: report, lists, notebooks."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from pipeline.artifact_store import folders
from transform.reading.cache import cache_dir


def readable(uri: str) -> Path | None:
    """A folder with an artifact: its own, or a copy of what lies in object storage.

    Copies lie in the user's cache folder, under a name that tells their content.

    Returns:
        The folder; None where the artifact was deleted.

    Raises:
        RunError: The store refuses it, or cannot be reached.
    """
    if not folders.is_remote(uri):
        return Path(uri) if Path(uri).exists() else None
    manifest = folders.manifest_text(uri)
    if not manifest:
        return None
    folder = cache_dir() / "artifacts" / hashlib.sha256(manifest).hexdigest()
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            draft = Path(made, "artifact")
            folders.download(uri, draft)
            if not folder.exists():  # another process may have been faster
                draft.rename(folder)
    return folder
