"""The command line of a benchmark that has several measures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from benchmarks.results import Row, publish

Measure = TypeVar("Measure")


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


def each(
    benchmark: str, wanted: argparse.Namespace, measures: Mapping[str, Measure]
) -> Iterator[tuple[str, Measure]]:
    """The measures that are asked for, by name; says of each that it begins."""
    for name in wanted.only or measures:
        sys.stderr.write(f"benchmark {benchmark}: {name}\n")
        yield name, measures[name]


def publish_asked(
    benchmark: str, wanted: argparse.Namespace, rows: Sequence[Row], versions: Mapping[str, str]
) -> int:
    """Publishes what was measured in one go; 1 where a bar is missed."""
    # What a part of the benchmark measured must not replace the whole.
    smoke = wanted.smoke or bool(wanted.only)
    publish(benchmark, f"make bench-{benchmark}", rows, versions, smoke=smoke)
    return int(any(row.holds is False for row in rows))
