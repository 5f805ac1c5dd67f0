"""A verb in a process of its own: it is not a copy of the one that starts it."""

import subprocess
import sys

# What runs in copies of a process, as gRPC's threads have it done, ends this one's.
STARTS_A_VERB = """
import os, sys
from pipeline.runners.child import finish, start
os.register_at_fork(after_in_child=os.abort)
verb = [sys.executable, "-c", "import os; print(os.getpid() == os.getsid(0) and '{\\"a\\": 1}')"]
child = start(verb)
ended = finish(child)
print(ended.code, ended.said)
"""


def test_what_does_not_survive_a_fork_does_not_stop_a_verb():
    done = subprocess.run(
        [sys.executable, "-c", STARTS_A_VERB], capture_output=True, text=True, check=True
    )
    assert done.stdout == "0 {'a': 1}\n"
