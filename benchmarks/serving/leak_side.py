"""The control of the soak: a process that loses memory steadily.

`python -m benchmarks.serving.leak_side MEGABYTES_A_MINUTE`; runs until it is ended.
"""

from __future__ import annotations

import sys
import time

_STEP_SECONDS = 0.5


def main(megabytes_a_minute: str) -> None:
    """Takes memory, writes to it so that it is resident, and never gives it back."""
    step = int(1e6 * float(megabytes_a_minute) * _STEP_SECONDS / 60.0)
    lost = []
    while True:
        lost.append(bytearray(b"x") * step)
        time.sleep(_STEP_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
