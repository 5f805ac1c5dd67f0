"""`sluice status`: the runs and what became of them, the last one node by node, what is served."""

from __future__ import annotations

import dataclasses
import datetime
import sys
from typing import TYPE_CHECKING, Any

from pipeline.commands.shared import Config, Json, errors_reported, print_json

if TYPE_CHECKING:
    from pipeline.console import Console
    from pipeline.lineage import PipelineRun
    from pipeline.settings import Settings

EXAMPLES = (
    "sluice status --config my.yaml",
    "sluice status --config my.yaml --json | jq .served_version",
    "sluice status --config my.yaml --json | jq '.runs[] | {run_id, pushed_version, reason}'",
    "sluice status --config my.yaml --json | jq .searches.retriever.values",
)


_SHOWN_RUNS = 10


def status(config: Config, as_json: Json = False) -> None:
    """Show the runs and what is served.

    The last run node by node, with the verdict and the time range of the data; of all runs when
    they started, the verdict, what was pushed or why it was withheld; the served versions; and the
    values that the latest search for settings has found, where there was one.
    """
    with errors_reported(as_json):
        from pipeline.console import Console
        from pipeline.loading import load_settings

        settings = load_settings(config)
        facts = gather(settings)
        if as_json:
            print_json(facts)
        else:
            _print(Console(sys.stdout), facts)


def gather(settings: Settings) -> dict[str, Any]:
    """All that is shown, as plain values."""
    from components.pusher.served import served_version
    from pipeline.errors import RunError
    from pipeline.lineage import Lineage, NodeState
    from pipeline.loading import settings_hash
    from pipeline.outcomes import outcomes
    from pipeline.runners.lock import is_locked
    from pipeline.searches import searches
    from pipeline.serving_folder import describe_versions, serving_folder
    from pipeline.summary import latest_report

    lineage = Lineage.of(settings)
    run = lineage.last_run() if lineage else None
    held = is_locked(settings.root)
    history = outcomes(lineage, running=held or _unwatched(settings)) if lineage else []
    running = held or bool(history and history[0].state is NodeState.RUNNING)
    versions = describe_versions(settings)
    pushed_by = {run.pushed_version: run.run_id for run in history}  # the earliest stays
    try:
        report = latest_report(settings, lineage).facts
    except RunError:
        report = {}
    return {
        "pipeline": settings.name,
        "root": str(settings.root),
        "running": running,
        "run_id": run.run_id if run else None,
        "started": run.started if run else None,
        "nodes": _nodes(run, running=running) if run else [],
        "served_version": served_version(serving_folder(settings)),
        "labels": {label: kept.version for kept in versions for label in kept.labels},
        "versions": [
            {**dataclasses.asdict(kept), "run_id": pushed_by.get(kept.copy_of or kept.version)}
            for kept in versions
        ],
        "runs": [dataclasses.asdict(run) for run in history],
        "verdict": report.get("verdict"),
        "data": _periods(report),
        "searches": searches(settings),
        "settings_changed": bool(report) and report["settings_hash"] != settings_hash(settings),
    }


def _unwatched(settings: Settings) -> bool:
    """True where runs hold no lock that could be seen, as on a cluster.

    There a run is taken to be under way until its last node has ended or one has failed.
    """
    from pipeline.runners.lock import LOCK_FILE

    return settings.kubeflow is not None and not (settings.root / LOCK_FILE).exists()


def _nodes(run: PipelineRun, *, running: bool) -> list[dict[str, Any]]:
    """The nodes of the last run; one that is open though nothing runs was killed."""
    from pipeline.lineage import NodeState

    nodes = [dataclasses.asdict(node) for node in run.nodes]
    for node in nodes:
        if node["state"] == NodeState.RUNNING and not running:
            node["state"] = NodeState.INTERRUPTED
    return nodes


def _periods(report: dict[str, Any]) -> dict[str, Any]:
    account = report.get("account") or {}
    periods: dict[str, Any] = account.get("periods", {})
    return periods


def _print(console: Console, facts: dict[str, Any]) -> None:
    if facts["run_id"] is None:
        console.line(f"{facts['pipeline']}: no run yet in {facts['root']}.")
        return
    state = "under way" if facts["running"] else "ended"
    console.line(f"{facts['pipeline']}: run {facts['run_id']} ({state})", "bold")
    console.table(
        ["node", "state", "seconds"],
        [[node["node_id"], node["state"], f"{node['seconds']:.1f}"] for node in facts["nodes"]],
    )
    for node in facts["nodes"]:
        if node["error"]:
            console.line(f"{node['node_id']}: {node['error']}", "red")
    console.line()
    _print_runs(console, facts["runs"])
    verdict = facts["verdict"] or {}
    served = facts["served_version"]
    shown = {
        "root": facts["root"],
        "served version": "none yet" if served is None else str(served),
        "versions kept": ", ".join(map(_version, facts["versions"])) or "none",
        "verdict": verdict.get("summary") or "none yet",
    }
    for name, period in facts["data"].items():
        shown[f"{name} data"] = f"{_day(period['first_time'])} to {_day(period['last_time'])}"
    for model, found in facts["searches"].items():
        shown[f"{model} search"] = _search(found)
    if facts["settings_changed"]:
        shown["note"] = "the settings have changed since the last report"
    console.facts(shown)


def _search(found: dict[str, Any]) -> str:
    """What a search has found: `layers 2 (trial 3 of 12, val_ndcg_at_10 0.1042)`."""
    from trainer.tuning.chosen import worded

    if found["best"] is None:
        return f"nothing yet: {found['failed']} of {found['trials']} trials failed"
    failed = f", {found['failed']} failed" if found["failed"] else ""
    score = f"{found['measure']} {found['score']:.4f}"
    return (
        f"{worded(found['values'])} (trial {found['best']} of {found['trials']}{failed}, {score})"
    )


def _version(kept: dict[str, Any]) -> str:
    """A version with what is said of it: `12 (canary, stable, copy of 3)`."""
    copied = [] if kept["copy_of"] is None else [f"copy of {kept['copy_of']}"]
    said = ", ".join([*kept["labels"], *copied])
    return f"{kept['version']} ({said})" if said else str(kept["version"])


def _print_runs(console: Console, runs: list[dict[str, Any]]) -> None:
    words = {True: "blessed", False: "withheld", None: "-"}
    console.table(
        ["run", "started", "state", "verdict", "pushed", "why not"],
        [
            [
                run["run_id"],
                _day(int(run["started"])),
                run["state"],
                words[run["blessed"]],
                str(run["pushed_version"] or "-"),
                " ".join(run["reason"].split()),
            ]
            for run in runs[:_SHOWN_RUNS]
        ],
        title="Runs, latest first",
    )
    if len(runs) > _SHOWN_RUNS:
        console.line(f"  and {len(runs) - _SHOWN_RUNS} earlier ones: --json lists them all")
    console.line()


def _day(seconds: int | None) -> str:
    if seconds is None:
        return "?"
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).strftime("%Y-%m-%d %H:%M")
