"""How far the rows of a run have moved away from those of the model that was blessed before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.commands.shared import Exit
from pipeline.console import Console
from pipeline.lineage import Lineage
from pipeline.settings import Settings

_DRIFT = ("category_drift", "number_drift")  # names of the bounds that the DataGate holds


def tell_data(settings: Settings, run_id: str, console: Console) -> tuple[Exit, dict[str, Any]]:
    """Shows the largest drift of a run that judged the rows: its share of what the gate allows.

    0 where there was no model before; from 1 on, the gate would have stopped the run.
    """
    # TFX, which comes with them, is loaded while its output goes to the log.
    from components.artifacts import Checks
    from components.checks import read_checks

    lineage = Lineage.open(settings.root, settings.name)
    made = lineage.outputs(run_id, Checks.TYPE_NAME, "DataGate") if lineage else []
    checks = read_checks(Path(made[-1].uri) / Checks.CHECKS_FILE) if made else []
    shares = {
        check.name: share_of_bound(check.value, check.upper)
        for check in checks
        if check.name.endswith(_DRIFT)
    }
    furthest = max(shares, key=lambda name: shares[name], default=None)
    if furthest is None:
        console.line("The rows passed. There is no model before, so nothing has drifted.")
        return Exit.OK, {"drift": 0.0, "drifted": None}
    share = shares[furthest]
    console.line(f"The rows passed. The largest drift is {share:.0%} of its bound: {furthest}.")
    return Exit.OK, {"drift": share, "drifted": furthest}


def share_of_bound(value: float | None, bound: float | None) -> float:
    """How much of its bound a drift takes; 0 where it was not measured, or is not bounded."""
    return value / bound if value and bound else 0.0
