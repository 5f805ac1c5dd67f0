"""`make bench-ope`: whether off-policy estimates and their intervals are right.

`python -m benchmarks.ope [--smoke] [--only NAME ...]`. The real log comes in a package from the
package index.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.command import asked, each, publish_asked
from benchmarks.ope.environment import sample_version
from benchmarks.ope.open_bandit import open_bandit
from benchmarks.ope.simulated import simulated
from benchmarks.ope.sizes import FULL, SMOKE, Sizes
from benchmarks.results import Row, versions_of, without_bars

MEASURES: dict[str, Callable[[Sizes], list[Row]]] = {
    "simulated": simulated,
    "open-bandit": lambda _: open_bandit(),
}


def main() -> int:
    """Runs the measures; 1 where a bar is missed."""
    wanted = asked("ope", __doc__, MEASURES)
    sizes = SMOKE if wanted.smoke else FULL
    rows: list[Row] = []
    for _, measure in each("ope", wanted, MEASURES):
        rows += measure(sizes)
    if wanted.smoke:
        rows = without_bars(rows)
    versions = {**versions_of("numpy"), **sample_version()}
    return publish_asked("ope", wanted, rows, versions)


if __name__ == "__main__":
    sys.exit(main())
