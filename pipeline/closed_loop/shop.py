"""The simulated shop as a process: lines of JSON in and out."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipeline.closed_loop.plan import LoopPlan
from pipeline.errors import RunError

_FOR_THE_TRAINER = {"outage"}  # of the plan; the rest is the shop's


@dataclass(frozen=True)
class Asking:
    """A user who asks for a list.

    Attributes:
        user_id: The user.
        time: When (unix seconds).
        own_page: Items that the shop shows where there is no recommender.
    """

    user_id: str
    time: int
    own_page: Sequence[str]


@dataclass(frozen=True)
class Deed:
    """Something that a user did.

    Attributes:
        user_id: The user.
        item_id: The item.
        event_type: What was done.
        time: When (unix seconds).
        asked: Which list of the step it answers; -1 for none.
    """

    user_id: str
    item_id: str
    event_type: str
    time: int
    asked: int


@dataclass(frozen=True)
class Step:
    """What the shop says.

    Attributes:
        asking: Who asks for a list.
        deeds: What was done since.
        quality: The truth about the lists of the day, when it is over.
    """

    asking: tuple[Asking, ...] = ()
    deeds: tuple[Deed, ...] = ()
    quality: dict[str, Any] | None = None


class Shop:
    """A shop that is open; see `open_shop`."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        self._process, self._errors = process, errors

    def open(self, day: int) -> tuple[str, int, Step]:
        """Begins a day: its date, its midnight (unix seconds), and the first who ask."""
        said = self._ask({"open": day})
        return said["date"], said["midnight"], _step(said)

    def show(self, lists: Sequence[Sequence[str]]) -> Step:
        """Shows those who ask their lists."""
        return _step(self._ask({"lists": lists}))

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        to, back = self._process.stdin, self._process.stdout
        assert to is not None  # noqa: S101 -- both are pipes
        assert back is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            to.write(json.dumps(question) + "\n")
            to.flush()
        line = back.readline()
        if not line:
            self._errors.seek(0)
            last = (self._errors.read().strip().splitlines() or ["nothing"])[-1]
            raise RunError(
                "the simulated shop must answer. Received: the end of its output; it said: "
                f"{last} Mend what it names, and run it again."
            )
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def open_shop(plan: LoopPlan, items_file: Path) -> Iterator[Shop]:
    """Runs the shop while the context is open.

    Args:
        plan: Its sizes, and what befalls it.
        items_file: Where it exports its items.
    """
    asked = {k: v for k, v in vars(plan).items() if v is not None and k not in _FOR_THE_TRAINER}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in asked.items()]
    # -P: a folder `simulation` that happens to lie here must not be taken for ours.
    command = [sys.executable, "-P", "-m", "simulation.live", f"--items-file={items_file}"]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield Shop(process, errors)
        finally:
            process.terminate()
            process.communicate()


def _step(said: dict[str, Any]) -> Step:
    return Step(
        tuple(Asking(*one) for one in said.get("asking", ())),
        tuple(Deed(*one) for one in said.get("deeds", ())),
        said.get("quality"),
    )
