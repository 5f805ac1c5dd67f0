"""A run that is killed and started again must leave the bytes of an undisturbed one."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path

from benchmarks.data.sizes import Sizes
from benchmarks.data.workshop import Side, Workshop, run_once
from benchmarks.results import Row

_LOOK_SECONDS = 0.02
# Differing files that the table names.
_NAMED = 3


def resumed_bytes(shop: Workshop, sizes: Sizes) -> list[Row]:
    """Kills a run once it has written rows, starts it again, and compares all files."""
    log = shop.log(sizes.killed)
    run_once(shop, Side.SLUICE, log)
    killed_after = _kill_midway(shop, log)
    again = shop.start(Side.KILLED, log)
    ended_well = again.wait() == 0
    one, other = (tree_digests(shop.examples(side, log)) for side in (Side.SLUICE, Side.KILLED))
    different = sorted(
        name for name in one.keys() | other.keys() if one.get(name) != other.get(name)
    )
    measure = "files that differ after a run was killed and started again"
    return [
        Row(
            " ".join([measure, *different[:_NAMED]]),
            float(len(different)),
            "files",
            "<= 0, and killed while it wrote",
            ended_well and not different and 0 < killed_after < len(one),
            {"files": len(one), "written when killed": killed_after},
        )
    ]


def tree_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, hidden ones included: nothing may be left over."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }


def _kill_midway(shop: Workshop, log: Path) -> int:
    """Kills all processes of a run once rows appear; the number of files it had finished."""
    shop.clear(Side.KILLED, log)
    process = shop.start(Side.KILLED, log)
    while process.poll() is None and not _finished(shop, log):
        time.sleep(_LOOK_SECONDS)
    written = _finished(shop, log)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return written


def _finished(shop: Workshop, log: Path) -> int:
    return sum(1 for _ in shop.examples(Side.KILLED, log).glob("Split-[!c]*/data_tfrecord-*"))
