"""Everything that is printed while a run is under way lands in its log."""

import logging
import os
import subprocess
import sys

from pipeline.runners.output import output_to

PROGRAM = """
import logging, os, subprocess, sys
from pathlib import Path
from pipeline.runners.output import output_to

print("before")
with output_to(Path(sys.argv[1])) as real:
    print("from Python")
    os.write(1, b"from C, stdout\\n")
    os.write(2, b"from C, stderr\\n")
    subprocess.run([sys.executable, "-c", "print('from a child')"])
    logging.getLogger("someone").info("logged")
    real.stdout.write("for the console\\n")
    real.stderr.write("also\\n")
print("after")
"""


def test_descriptors_children_and_logging_go_to_the_file(tmp_path):
    log = tmp_path / "logs" / "run.log"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(log)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "before\nfor the console\nafter\n"
    assert done.stderr == "also\n"
    text = log.read_text()
    for line in ("from Python", "from C, stdout", "from C, stderr", "from a child"):
        assert f"{line}\n" in text
    assert "I someone: logged\n" in text


def test_a_later_run_appends(tmp_path, capfd):
    log = tmp_path / "run.log"
    for word in ("one", "two"):
        with output_to(log):
            os.write(1, f"{word}\n".encode())
    assert log.read_text() == "one\ntwo\n"


def test_an_error_gives_the_console_back(tmp_path, capfd):
    try:
        with output_to(tmp_path / "run.log"):
            raise ValueError
    except ValueError:
        os.write(1, b"back\n")
    logging.getLogger().warning("not in the log any more")
    assert capfd.readouterr().out == "back\n"
    assert (tmp_path / "run.log").read_text() == ""
