"""Plain lines off a terminal; a spinner, signs and times on one."""

import io
import os
import pty
import re
import threading
import time

import pytest

from pipeline.console import Console
from tests.waiting import wait_until


class FakeTerminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def plain():
    stream = io.StringIO()
    return Console(stream), stream


def test_off_a_terminal_a_step_is_one_line(plain):
    console, stream = plain
    with console.step("Retriever", 7, 17):
        assert stream.getvalue() == "[ 7/17] Retriever ... "  # told before it has ended
    assert re.fullmatch(r"\[ 7/17\] Retriever \.\.\. done \(0\.0 s\)\n", stream.getvalue())


@pytest.mark.parametrize("state", ["cached", "done"])
def test_a_step_tells_how_it_ended(plain, state):
    console, stream = plain
    with console.step("Report") as step:
        step.finish(state)
    assert f"Report ... {state} (" in stream.getvalue()


@pytest.mark.parametrize(
    ("error", "state"), [(ValueError, "failed"), (KeyboardInterrupt, "interrupted")]
)
def test_an_error_passes_through_and_is_shown(plain, error, state):
    console, stream = plain
    with pytest.raises(error), console.step("Report"):
        raise error
    assert f"Report ... {state} (" in stream.getvalue()


def test_a_step_that_another_ended_is_shown_as_interrupted(plain):
    console, stream = plain

    def end_by_another():
        with console.step("Report") as step:
            step.finish("interrupted")
            raise ValueError("of another")

    with pytest.raises(ValueError, match="of another"):
        end_by_another()
    assert "Report ... interrupted (" in stream.getvalue()


def test_off_a_terminal_lines_of_a_step_stand_within_it(plain):
    console, stream = plain
    with console.step("Tuner", 1, 2) as step:
        step.say("trial 1")
        assert stream.getvalue() == "[1/2] Tuner ... \n  trial 1\n"
        step.say("trial 2")
    first, *said, last = stream.getvalue().splitlines()
    assert first == "[1/2] Tuner ... "
    assert said == ["  trial 1", "  trial 2"]
    assert re.fullmatch(r"\[1/2\] Tuner \.\.\. done \(0\.0 s\)", last)


def test_on_a_terminal_lines_of_a_step_stay_above_it():
    stream = FakeTerminal()
    with Console(stream).step("Tuner") as step:
        step.say("trial 1")
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert re.search(r"[\r\n] +trial 1 *\r?\n", drawn)
    assert drawn.index("trial 1") < drawn.index("✓")


def test_off_a_terminal_nothing_is_wrapped_or_coloured(plain):
    console, stream = plain
    path = "/very" * 60
    console.line(path, "bold red")
    console.facts({"log": path, "settings": "[x]"})
    assert stream.getvalue() == f"{path}\n  log       {path}\n  settings  [x]\n"


def test_a_table_takes_its_cells_literally_and_sets_numbers_to_the_right(plain):
    console, stream = plain
    console.table(["model", "NDCG"], [["[bold]a", "0.1"], ["b", "-"]], title="Quality")
    title, header, first, second = stream.getvalue().rstrip("\n").split("\n")
    assert title.strip() == "Quality"
    assert header.split() == ["model", "NDCG"]
    assert first.split() == ["[bold]a", "0.1"]
    assert second.index("-") == first.index("0.1") + 2


def test_on_a_terminal_the_running_step_is_drawn_and_replaced():
    stream = FakeTerminal()
    console = Console(stream)
    with console.step("Retriever", 7, 17) as step:
        step.tell("half way")
        time.sleep(0.4)
    drawn = stream.getvalue()
    assert "half way" in drawn
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn).strip().splitlines()[-1]
    assert re.fullmatch(r"✓ \[ 7/17\] Retriever +done +0\.\d s", last.strip())


def test_what_libraries_print_during_a_step_stays_off_the_console(capsys):
    """rich would catch it otherwise; standard output belongs to the log then."""
    stream = FakeTerminal()
    with Console(stream).step("Retriever"):
        print("printed by a library")
    assert "printed by a library" not in stream.getvalue()
    assert "printed by a library" in capsys.readouterr().out


def test_a_real_terminal_is_recognised():
    leader, follower = pty.openpty()
    read = []
    reader = threading.Thread(target=lambda: read.append(os.read(leader, 10_000)))
    with os.fdopen(follower, "w") as stream:
        reader.start()
        Console(stream).line("so", "bold")
        reader.join(5)
    os.close(leader)
    assert b"\x1b[1m" in read[0]


def test_off_a_terminal_steps_that_run_together_are_told_as_they_end(plain):
    console, stream = plain
    with console.board(10) as board:
        board.start("Retriever")
        board.start("Ranker")
        assert stream.getvalue() == ""
        board.end("Ranker", "cached", 0.25)
        board.end("Retriever", "failed", 61.0)
    assert stream.getvalue().splitlines() == [
        "[ 1/10] Ranker ... cached (0.2 s)",
        "[ 2/10] Retriever ... failed (61.0 s)",
    ]


def test_on_a_terminal_all_that_run_are_seen():
    stream = FakeTerminal()
    with Console(stream).board(2) as board:
        board.start("Retriever")
        board.start("Ranker")
        shown = stream.getvalue
        wait_until(lambda: "Retriever" in shown() and "Ranker" in shown(), 10.0)
        board.end("Ranker", "done", 1.0)
        board.end("Retriever", "done", 2.0)
    assert "✓" in stream.getvalue()
