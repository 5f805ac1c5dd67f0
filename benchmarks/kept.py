"""What benchmarks keep for the next time: simulated logs, and what the code has made of them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.results import ROOT

# What a model follows from, beside its settings.
_MAKERS = ("simulation", "transform", "components", "trainer")


def simulated_log(folder: Path, *, events: int, seed: int, **options: int) -> Path:
    """A log of the simulated shop; it is made once, and whole or not at all.

    Args:
        folder: Where it lies.
        events: About how many events.
        seed: The same seed gives the same files.
        options: Further options of `python -m simulation`, as numbers.
    """
    if not folder.exists():
        draft = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "simulation", "--out", str(draft)]
        for name, value in {"events": events, "seed": seed, **options}.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        subprocess.run(command, check=True)
        draft.rename(folder)
    return folder


def edition_folder(folder: Path, name: str, settings: Path) -> Path:
    """The folder for what the code as it stands makes of some settings; others' are removed.

    Args:
        folder: The benchmark's folder.
        name: What else it depends on, for instance a size.
        settings: The settings file.
    """
    sources = [path for maker in _MAKERS for path in (ROOT / maker).rglob("*.py")]
    digest = hashlib.blake2b(digest_size=4)
    for path in (settings, *sorted(sources)):
        digest.update(hashlib.blake2b(path.read_bytes()).digest())
    edition = folder / f"{name}-{digest.hexdigest()}"
    for other in set(folder.glob(f"{name}-*")) - {edition}:
        shutil.rmtree(other)
    edition.mkdir(parents=True, exist_ok=True)
    return edition
