"""The result of a benchmark: rows with bars, printed as a table and written as JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine

ROOT = Path(__file__).resolve().parents[1]
_PUBLISHED = "benchmarks/results"  # git leaves nothing out by an absolute path
# Documents quote from the first; a smoke run must never overwrite what they quote.
RESULTS = ROOT / _PUBLISHED
SMOKE_RESULTS = ROOT / "runs" / "benchmarks"


@dataclass(frozen=True)
class Row:
    """One measured figure.

    Attributes:
        measure: What was measured.
        value: The figure; None where it could not be measured, which holds no bar.
        unit: Its unit.
        bar: What the figure is held against, in words; None where it is only reported.
        holds: Whether it does; None without a bar.
        peers: The same figure of others, or of other forms of the same, by name.
    """

    measure: str
    value: float | None
    unit: str
    bar: str | None = None
    holds: bool | None = None
    peers: Mapping[str, float] = field(default_factory=dict)


def at_least(
    measure: str, value: float, unit: str, bar: float, peers: Mapping[str, float] | None = None
) -> Row:
    """A row that holds where the value reaches the bar."""
    return Row(measure, value, unit, f">= {bar:g}", value >= bar, peers or {})


def at_most(
    measure: str, value: float, unit: str, bar: float, peers: Mapping[str, float] | None = None
) -> Row:
    """A row that holds where the value does not exceed the bar."""
    return Row(measure, value, unit, f"<= {bar:g}", value <= bar, peers or {})


def without_bars(rows: Sequence[Row]) -> list[Row]:
    """Rows of a run that is too small to show more than that it works."""
    return [replace(row, bar=None, holds=None) for row in rows]


def publish(
    name: str, command: str, rows: Sequence[Row], versions: Mapping[str, str], *, smoke: bool
) -> Path:
    """Prints the table and writes `NAME.json`.

    Args:
        name: Name of the benchmark.
        command: The command that repeats it.
        rows: What was measured; losing rows stay in.
        versions: Library -> version, of every side.
        smoke: Whether this was the minute-long form, which is written under `runs/`.

    Returns:
        The file.
    """
    Console().print(table_of(name, rows))
    folder = SMOKE_RESULTS if smoke else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": machine(),
        "versions": {"commit": commit(), **versions},
        "command": command,
        "rows": [asdict(row) for row in rows],
    }
    path = folder / f"{name}.json"
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    temporary.rename(path)
    return path


def table_of(name: str, rows: Sequence[Row]) -> Table:
    """The rows as a table."""
    table = Table(title=f"benchmark: {name}")
    for heading, justify in (
        ("measure", "left"),
        ("value", "right"),
        ("unit", "left"),
        ("bar", "left"),
        ("holds", "left"),
        ("peers", "left"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        peers = ", ".join(f"{peer} {_number(value)}" for peer, value in row.peers.items())
        holds = {None: "", True: "yes", False: "NO"}[row.holds]
        table.add_row(row.measure, _number(row.value), row.unit, row.bar or "", holds, peers)
    return table


def versions_of(*packages: str) -> dict[str, str]:
    """Versions of packages of this environment."""
    return {package: version(package) for package in packages}


def commit() -> str:
    """The commit that is checked out; `+` says that files differ from it, other than results."""
    head = _git("rev-parse", "--short=12", "HEAD")
    others = (".", f":!{_PUBLISHED}")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", *others)
    return head + ("+" if changed else "")


def _git(*arguments: str) -> str:
    call = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return call.stdout.strip() if call.returncode == 0 else "unknown"


def _number(value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
