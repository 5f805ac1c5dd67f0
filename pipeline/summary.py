"""The report's facts, as the console shows them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from pipeline.artifact_store.reading import readable
from pipeline.console import Console
from pipeline.errors import RunError
from pipeline.lineage import Lineage
from pipeline.settings import Settings
from serving.durable import replace_file

_REPORT_TYPE = "SluiceReport"
_PAGE = "report.html"
_FACTS = "report.json"
_METRICS = {"ndcg_at_10": "NDCG@10", "recall_at_10": "Recall@10", "mrr_at_10": "MRR@10"}


@dataclasses.dataclass(frozen=True)
class ReportSummary:
    """What the Report node wrote.

    Attributes:
        page: The page for people.
        facts: The same for scripts: `report.json`.
    """

    page: Path
    facts: dict[str, Any]

    @property
    def served(self) -> bool:
        """True where the model passed every gate and was pushed."""
        return self.facts["pushed_version"] is not None

    @property
    def verdict(self) -> str:
        """What became of the model, in one or two sentences."""
        return verdict_of(self.facts)


def verdict_of(facts: dict[str, Any]) -> str:
    """What became of the model of a `report.json`, in one or two sentences."""
    said = facts["verdict"]
    return str(said.get("summary") or " ".join(said["sentences"]))


def read_report(settings: Settings, folder: Path | None = None) -> ReportSummary:
    """A report.

    Args:
        settings: Of the pipeline.
        folder: Where it lies; by default in the root folder.

    Raises:
        RunError: There is none yet.
    """
    folder = folder or settings.root / "report"
    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(
            f"a finished run leaves a report in its root folder. Received: {settings.root}, which "
            "has none. Run the pipeline first: sluice run --config FILE."
        ) from error
    return ReportSummary(folder / _PAGE, facts)


def latest_report(settings: Settings, lineage: Lineage | None) -> ReportSummary:
    """The report of the latest run.

    On Kubeflow a Report node that was taken from the cache leaves another run's report in the root
    folder, so there it is the one that the metadata name.

    Args:
        settings: Of the pipeline.
        lineage: Its metadata; None where there are none.

    Raises:
        RunError: There is none yet.
    """
    named = lineage.latest_artifact(_REPORT_TYPE) if lineage and settings.kubeflow else None
    return read_report(settings, named)


def restore_report(settings: Settings, lineage: Lineage | None) -> None:
    """Puts the latest run's report into the root folder.

    A Report node that was taken from the cache has not written there, and a run with other
    settings may have done so in between.

    Args:
        settings: Of the run.
        lineage: Its metadata; None where there are none.
    """
    latest = lineage.latest_artifact(_REPORT_TYPE) if lineage else None
    if latest is None:
        return
    folder = settings.root / "report"
    folder.mkdir(parents=True, exist_ok=True)
    for name in (_PAGE, _FACTS):
        target = folder / name
        wanted = (latest / name).read_bytes()
        if not target.exists() or target.read_bytes() != wanted:
            replace_file(target, wanted)


def report_of_run(lineage: Lineage, run_id: str) -> Path | None:
    """Folder of the report of one run, which another run cannot write over; None without one."""
    made = lineage.outputs(run_id, _REPORT_TYPE, "Report")
    return readable(made[-1].uri) if made else None


def print_report(console: Console, report: ReportSummary) -> None:
    """Quality, verdict, what is served, and where the page lies."""
    rows = report.facts["quality"]["rows"]
    if rows:
        names = [name for name in _METRICS if any(name in row for row in rows)]
        console.table(
            ["model", *(_METRICS[name] for name in names)],
            [[row["model"], *(_number(row.get(name)) for name in names)] for row in rows],
            title="Quality on held-out requests",
        )
        console.line()
    console.line(report.verdict, "bold green" if report.served else "bold yellow")
    if not report.served:
        for check in report.facts.get("checks", ()):
            if not check["passed"]:
                console.line(f"  {check['sentence']}")
    console.line(f"Report: {report.page}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
