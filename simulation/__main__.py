"""Writes the log of a simulated shop: `python -m simulation --users 1000 --items 200 --out DIR`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulation.shop import Behaviour
from simulation.writing import write_shop


def main() -> None:
    """Parses the command line and writes the shop."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--users", type=int, default=1000, help="number of users")
    parser.add_argument("--items", type=int, default=200, help="number of items, at least 2")
    parser.add_argument("--days", type=int, default=90, help="days that the log covers")
    parser.add_argument(
        "--events-per-user", type=float, default=40.0, help="mean events of a user who is not cold"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same files")
    asked = parser.parse_args()
    write_shop(
        asked.out,
        users=asked.users,
        items=asked.items,
        days=asked.days,
        behaviour=Behaviour(events_per_user=asked.events_per_user),
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
