"""`make bench-closed_loop`: the whole product around a simulated shop, with trouble planted.

`python -m benchmarks.closed_loop [--smoke] [--days N]`. Everything lies under
`runs/benchmarks/closed_loop`, the timeline among it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.closed_loop.rows import Timeline, rows_of
from benchmarks.results import SMOKE_RESULTS, publish, versions_of, without_bars

_PACKAGES = ("tensorflow", "tfx", "numpy")
_DAYS, _SMOKE_DAYS = 30, 8
# Four days show what is usual; then tastes drift, and two retrainings later a column breaks.
_PLANTED = {"outage": "1-4", "drift-day": 5, "broken-day": 7}
_BURST_DAY = 9
# So many lists a day that the drift is not missed on its day by chance.
_SIZES = {"visitors": 1200, "users": 3600}


def main() -> int:
    """Lets the days pass; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.closed_loop", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the short form, of some minutes")
    parser.add_argument("--days", type=int, default=_DAYS, help="simulated days, 8 at least")
    asked = parser.parse_args()
    days = _SMOKE_DAYS if asked.smoke else asked.days
    if days < _SMOKE_DAYS:
        parser.error(f"--days must be at least {_SMOKE_DAYS}. Received: {days}.")
    folder = SMOKE_RESULTS / "closed_loop"
    shutil.rmtree(folder, ignore_errors=True)
    rows = list(rows_of(_looped(folder, days, {} if asked.smoke else _SIZES)))
    if asked.smoke:
        rows = without_bars(rows)
    command = "make bench-closed_loop"
    if asked.days != _DAYS:
        command = f"python -m benchmarks.closed_loop --days {days}"
    publish("closed_loop", command, rows, versions_of(*_PACKAGES), smoke=asked.smoke)
    return int(any(row.holds is False for row in rows))


def _looped(folder: Path, days: int, sizes: dict[str, int]) -> Timeline:
    """Runs the loop in a shop of some sizes, or of the usual ones; its timeline."""
    planted = _PLANTED | ({"burst-day": _BURST_DAY} if days > _BURST_DAY else {})
    options = [f"--{name}={value}" for name, value in (planted | sizes).items()]
    sluice = Path(sys.executable).with_name("sluice")
    subprocess.run([sluice, "simulate", folder, "--loop", f"--days={days}", *options], check=True)
    timeline: Timeline = json.loads((folder / "timeline.json").read_text())
    return timeline


if __name__ == "__main__":
    sys.exit(main())
