"""A command that does not outlive who starts it: `python -I tether.py PARENT COMMAND...`.

It becomes the command. Run as a file, so that nothing else is loaded before.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(parent: str, *command: str) -> None:
    """Asks the kernel to end this process when its parent has ended, killed or not."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it has ended meanwhile
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 -- no shell is wanted


if __name__ == "__main__":
    main(*sys.argv[1:])
