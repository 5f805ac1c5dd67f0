"""Writes the log of a simulated shop: `python -m simulation --events 100000 --out DIR`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from simulation.writing import write_shop


def main() -> int:
    """Parses the command line and writes the shop."""
    parser = _parser()
    asked = vars(parser.parse_args())
    as_json = asked.pop("json")
    try:
        summary = write_shop(**asked, progress=_tell if as_json else None)
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    except KeyboardInterrupt:
        return 130
    if as_json:
        _print({"summary": dataclasses.asdict(summary)})
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--events", type=int, default=100_000, help="about how many events")
    parser.add_argument("--users", type=int, help="number of users (by default 1 per 100 events)")
    parser.add_argument("--items", type=int, help="number of items (by default 2 sqrt(events))")
    parser.add_argument("--days", type=int, default=90, help="days that the log covers")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same files")
    parser.add_argument("--drift", type=float, help="share of the time line before all shifts")
    parser.add_argument(
        "--heavy-user", type=int, default=0, help="about how many events are one user's"
    )
    parser.add_argument(
        "--json", action="store_true", help="print progress and summary as lines of JSON"
    )
    return parser


def _tell(rows: int) -> None:
    _print({"rows": rows})


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
