"""Workers for much data where Beam runs on this machine alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_IN_MEMORY = "--direct_running_mode=in_memory"
# Below so many bytes, workers would take longer to start than they save.
_MUCH = 8 << 20
# Columns are worked on by one core a worker; numbers come and go in large blocks, which the C
# library would otherwise hand back to the system each time.
COLUMNS = {
    "POLARS_MAX_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}


def with_local_workers(beam_args: Sequence[str], size: int, cores: int) -> list[str]:
    """Beam's arguments, with a process for each core where there is much to read.

    Args:
        beam_args: Arguments as the pipeline gives them; only those that ask Beam to run in memory
            are changed, other runners have workers of their own.
        size: Bytes of the files that are read.
        cores: Cores of this machine.
    """
    if _IN_MEMORY not in beam_args or size < _MUCH or cores < 2:
        return list(beam_args)
    kept = [arg for arg in beam_args if arg != _IN_MEMORY]
    return [*kept, "--direct_running_mode=multi_processing", f"--direct_num_workers={cores}"]


@contextmanager
def worker_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables for the processes that Beam starts meanwhile; those that are set are kept."""
    ours = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]
