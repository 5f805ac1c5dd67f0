"""What benchmarks keep for the next time: logs, what the code has made of them, and rows."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.results import RESULTS, ROOT, Row, commit

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


def keep_rows(file: Path, rows: Sequence[Row]) -> None:
    """Writes the rows of one measure, for later runs that measure something else."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"commit": commit(), "rows": [asdict(row) for row in rows]}
    file.write_text(json.dumps(content, indent=2))


def kept_rows(file: Path) -> tuple[list[Row], str]:
    """The rows of the last run of a measure, and its commit; none and "" before the first."""
    if not file.exists():
        return [], ""
    content = json.loads(file.read_text())
    return [Row(**row) for row in content["rows"]], content["commit"]


def rows_of_parts(files: Mapping[str, Path]) -> tuple[list[Row], dict[str, str]]:
    """The kept rows of all parts of a benchmark, and the commit at which each was measured.

    Args:
        files: Name of a part -> where its rows are kept.

    Returns:
        The rows, and `commit of NAME` -> commit for the parts that were measured: a result is whole
        where these are all.
    """
    kept = {name: kept_rows(file) for name, file in files.items()}
    commits = {f"commit of {name}": commit for name, (_, commit) in kept.items() if commit}
    return [row for rows, _ in kept.values() for row in rows], commits


def beside_published(
    result: str, parts: Iterable[str], measured: str, now: Sequence[Row]
) -> tuple[list[Row], dict[str, str]]:
    """The rows of the part that was measured now, and of the others as they are published.

    Args:
        result: Name of the published result.
        parts: All of its parts, in order; the rows of a part begin with `PART: `.
        measured: The part.
        now: Its rows.

    Returns:
        The rows, and `FACT of PART` -> value: what is published of the others, and the commit at
        which this one was measured.
    """
    file = RESULTS / f"{result}.json"
    published = json.loads(file.read_text()) if file.exists() else {"rows": [], "versions": {}}
    rows: list[Row] = []
    facts: dict[str, str] = {}
    for part in parts:
        if part == measured:
            rows += now
            facts[f"commit of {part}"] = commit()
            continue
        rows += [Row(**r) for r in published["rows"] if r["measure"].startswith(f"{part}: ")]
        facts |= {k: v for k, v in published["versions"].items() if k.endswith(f" of {part}")}
    return rows, facts


def not_measured(names: Iterable[str], commits: Mapping[str, str]) -> str:
    """Which of some parts have no `commit of NAME`, in words."""
    return ", ".join(name for name in names if f"commit of {name}" not in commits) or "none"


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
