"""The command line of a benchmark that has several measures."""

from __future__ import annotations

import argparse
from collections.abc import Collection


def asked(benchmark: str, about: str | None, measures: Collection[str]) -> argparse.Namespace:
    """What is asked for: `smoke`, whether it is the short form, and `only`, some of the measures.

    Args:
        benchmark: The benchmark's folder.
        about: What it does, for its help.
        measures: Names of all measures.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{benchmark}", description=about)
    parser.add_argument("--smoke", action="store_true", help="the short form")
    parser.add_argument("--only", nargs="+", choices=measures, help="some of the measures")
    return parser.parse_args()
