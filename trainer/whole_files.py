"""Files that are there as a whole or not at all, whatever ends the process that writes them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A file to write in a file's stead: it takes its place where the context ends well.

    Several may write a file at once, on several machines: each has a draft of its own, and the last
    one stays. The folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.uname().nodename}.{os.getpid()}")
    yield draft
    draft.replace(path)
