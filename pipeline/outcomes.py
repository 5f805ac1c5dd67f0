"""What became of each run: its verdict, what it pushed, and why it withheld a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.lineage import Lineage, NodeState, PipelineRun

_BLESSING, _PUSHED = ("ModelBlessing", "Verdict"), ("PushedModel", "Pusher")  # type and node
_WELL = (NodeState.DONE, NodeState.CACHED)
_LAST = "Report"  # waits for all other nodes
DATA_ONLY = "-data"  # ends the id of a run that only judged the rows
_LAST_OF_DATA = "DataGate"


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        run_id: Its id.
        started: When, unix seconds.
        state: `done`, `running`, `failed` or `interrupted`.
        seconds: Time that its nodes took.
        blessed: The Verdict's word; None where the run did not come so far.
        pushed_version: The version it pushed; None if it pushed none.
        reason: Why nothing was pushed: the gates' words, or the error of the node that failed.
    """

    run_id: str
    started: float
    state: NodeState
    seconds: float
    blessed: bool | None
    pushed_version: int | None
    reason: str


def outcomes(lineage: Lineage, *, running: bool) -> list[Outcome]:
    """Outcomes of all runs, latest first.

    Args:
        lineage: The metadata of the pipeline.
        running: Whether a run is under way; what a dead run left undone was interrupted.
    """
    runs = lineage.runs()
    return [_outcome(lineage, run, running=running and run is runs[-1]) for run in reversed(runs)]


def _outcome(lineage: Lineage, run: PipelineRun, *, running: bool) -> Outcome:
    blessing = _latest(lineage.outputs(run.run_id, *_BLESSING))
    pushed = _latest(lineage.outputs(run.run_id, *_PUSHED))
    version = _text(pushed, "pushed_version") if _flag(pushed, "pushed") else ""
    errors = [f"{node.node_id}: {node.error}" for node in run.nodes if node.error]
    return Outcome(
        run_id=run.run_id,
        started=run.started,
        state=_state(run, running=running),
        seconds=sum(node.seconds for node in run.nodes),
        blessed=None if blessing is None else _flag(blessing, "blessed"),
        pushed_version=int(version) if version else None,
        reason="" if version else "\n".join(errors) or _text(pushed, "withheld_because"),
    )


def _state(run: PipelineRun, *, running: bool) -> NodeState:
    """The state of a run: only its last node says that all is done.

    A run that stopped between two nodes leaves nothing but nodes that ended well.
    """
    latest = {node.node_id: node.state for node in run.nodes}  # of a node that was tried again
    last = _LAST_OF_DATA if run.run_id.endswith(DATA_ONLY) else _LAST
    if latest.get(last) in _WELL:
        return NodeState.DONE
    if NodeState.FAILED in latest.values():
        return NodeState.FAILED
    return NodeState.RUNNING if running else NodeState.INTERRUPTED


def _latest(artifacts: list[Any]) -> Any | None:
    return artifacts[-1] if artifacts else None


def _flag(artifact: Any | None, name: str) -> bool:
    """An int property that is 0 or 1; TFX keeps some as double."""
    if artifact is None:
        return False
    value = artifact.custom_properties[name]
    return bool(value.int_value or value.double_value)


def _text(artifact: Any | None, name: str) -> str:
    return "" if artifact is None else str(artifact.custom_properties[name].string_value)
