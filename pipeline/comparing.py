"""Finding two runs' reports, and setting them side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.report.comparison import page
from components.report.comparison.sides import Comparison, compare
from pipeline.artifact_store.reading import readable
from pipeline.console import Console
from pipeline.errors import RunError
from pipeline.lineage import Lineage
from pipeline.settings import Settings

_FACTS = "report.json"
_REPORT = ("SluiceReport", "Report")  # type and node
_RUNS_NAMED = 10  # in an error message


def compare_runs(words: tuple[str, str], settings: Settings | None) -> Comparison:
    """Compares two runs.

    Args:
        words: Each the id of a run (or how it begins) in the root folder of the settings, or
            another root folder, which stands for its latest report.
        settings: The settings of the pipeline; needed for run ids.

    Raises:
        RunError: A run or its report cannot be found.
    """
    first, second = (_read(_find(word, settings)) for word in words)
    return compare(first, second, words)


def write_page(comparison: Comparison, path: Path) -> None:
    """Writes the page, and the folder it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page.render(comparison), encoding="utf-8")


def print_comparison(console: Console, comparison: Comparison, path: Path) -> None:
    """Both verdicts, the settings that differ, the metrics over all requests, and the page."""
    for letter, side in (("A", comparison.a), ("B", comparison.b)):
        console.line(f"{letter} = {side.label}: {side.verdict}")
    if comparison.same_targets is False:
        console.line(
            "The two runs answered different test targets: their metrics do not compare.",
            "bold yellow",
        )
    console.line()
    if comparison.settings:
        console.table(
            ["setting", "A", "B"],
            [[d.name, page.plain(d.a), page.plain(d.b)] for d in comparison.settings],
        )
        console.line()
    whole = [pair for pair in comparison.metrics if not pair.feature]
    if whole:
        console.table(
            ["of", "metric", "A", "B", "B - A"],
            [
                [pair.of, pair.metric, *map(_number, (pair.a, pair.b, pair.difference))]
                for pair in whole
            ],
        )
    console.line(f"Page: {path}")


def _find(word: str, settings: Settings | None) -> Path:
    """Folder of a run's report."""
    folder = Path(word).expanduser()
    if folder.is_dir():
        return folder / "report"
    if settings is None:
        raise RunError(
            "a run is compared by the folder it has written to, or by its id together with "
            f"--config. Received: {word!r}, which is no folder, and no --config."
        )
    lineage = Lineage.of(settings)
    ids = [run.run_id for run in lineage.runs()] if lineage else []
    found = [run_id for run_id in ids if run_id == word] or [i for i in ids if i.startswith(word)]
    if lineage is None or len(found) != 1:
        raise RunError(
            f"a run is named by its id, or by how only its id begins. Received: {word!r}, which "
            f"{len(found)} of {len(ids)} runs in {settings.root} match. The latest ids: "
            f"{', '.join(ids[-_RUNS_NAMED:]) or 'none'}; sluice status lists them."
        )
    reports = lineage.outputs(found[0], *_REPORT)
    if not reports:
        raise RunError(
            f"a run that is compared must have written its report. Received: {found[0]}, which "
            "did not come so far; sluice status says why."
        )
    return readable(reports[-1].uri) or Path(reports[-1].uri)


def _read(folder: Path) -> dict[str, Any]:
    path = folder / _FACTS
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(
            f"a run that is compared has left a report. Received: {path}, which is not there. "
            "Name a root folder, or a run whose artifacts were not deleted."
        ) from error
    return facts


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
