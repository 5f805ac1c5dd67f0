"""The mark of a push that has added a version, and not yet given it its labels.

A push may be killed, or the disk may be full, in between. Without the mark such a version could not
be told from one that was taken back from users: neither has a label.
"""

from __future__ import annotations

from pathlib import Path

from components.pusher.destination import versions
from serving.durable import replace_file, sync_folder

_MARK = ".push-unfinished"


def mark(destination: Path, added: int) -> None:
    """Marks a version that is about to be added."""
    replace_file(destination / _MARK, f"{added}\n".encode())


def unmark(destination: Path) -> None:
    """Takes the mark away: the labels say what the version is."""
    (destination / _MARK).unlink(missing_ok=True)
    sync_folder(destination)


def version(destination: Path) -> int | None:
    """The version whose push has not ended; None without one.

    It must be the newest: whatever was published since has settled what becomes of it.
    """
    path, known = destination / _MARK, versions(destination)
    if not path.exists() or int(path.read_text()) not in known[-1:]:
        return None
    return known[-1]
