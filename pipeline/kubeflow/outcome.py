"""How a container ends: its last line says the outcome, its exit code whether to try again."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable

from pipeline.errors import short_message
from pipeline.lineage import NodeState
from pipeline.runners.interruption import EXIT_CODE, Interruption, end_children

_PREFIX = "sluice-outcome: "

logger = logging.getLogger(__name__)


def main_of(work: Callable[[list[str]], NodeState]) -> None:
    """Runs the work of a container on this program's arguments and ends the process."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname).1s %(name)s: %(message)s"
    )
    arguments = sys.argv[1:]
    del sys.argv[1:]  # TFX appends them to the flags of every executor
    with Interruption():  # a pod that is evicted gets SIGTERM
        try:
            code, line = 0, {"state": str(work(arguments))}
        except KeyboardInterrupt:
            code, line = EXIT_CODE, {"state": "interrupted", "error": "interrupted"}
        except Exception as error:
            logger.exception("the container failed")
            code, line = 1, {"state": "failed", "error": short_message(error)}
        end_children()
    sys.stderr.flush()
    sys.stdout.write(f"\n{_PREFIX}{json.dumps(line)}\n")
    sys.stdout.flush()
    # Beam's and gRPC's threads would hold up or crash an ordinary exit; all work is done.
    os._exit(code)


def outcome_in(output: str) -> dict[str, str]:
    """What the last line of a container's output says; empty where it was killed before."""
    lines = [line for line in output.splitlines() if line.startswith(_PREFIX)]
    told: dict[str, str] = json.loads(lines[-1].removeprefix(_PREFIX)) if lines else {}
    return told
