"""One retraining: a `sluice run` of its own, and what became of it."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.commands.shared import Exit
from pipeline.data_drift import share_of_bound
from pipeline.errors import RunError
from pipeline.runners.child import Ended, finish, start
from pipeline.settings import Settings
from pipeline.summary import verdict_of
from pipeline.user_states import user_states_file
from serving.user_state.published import import_states
from serving.user_state.store import UserStateStore

_SLUICE = Path(sys.executable).with_name("sluice")


@dataclass(frozen=True)
class Retraining:
    """How a retraining ended.

    Attributes:
        run_id: Its run.
        version: The version that it pushed; None where a gate withheld it, or the run broke off.
        failed: Whether it broke off before a gate had judged a model.
        said: Why, in a sentence.
        moved: The largest drift of its rows from those of the model blessed before, as a share of
            what the DataGate allows; None where nothing was compared, or it stopped the run.
        seconds: How long it took.
        cpu_seconds: Processor time of it and its children, whatever else the machine had to do.
    """

    run_id: str
    version: int | None
    failed: bool
    said: str
    moved: float | None
    seconds: float
    cpu_seconds: float


# Trains on what the log holds on the evening of a day, and brings the states of users.
Train = Callable[[int, UserStateStore], Retraining]


class SluiceRun:
    """Trains by a `sluice run` in a process of its own.

    Args:
        config: The settings file.
        settings: What it holds.
    """

    def __init__(self, config: Path, settings: Settings) -> None:
        self._config, self._settings = config, settings

    def __call__(self, day: int, store: UserStateStore) -> Retraining:
        """Trains on the latest window of the log, and lets the gates decide.

        Raises:
            RunError: It ended without saying how.
        """
        started, cpu_before = time.monotonic(), _children_seconds()
        console = self._settings.root / "logs" / f"evening-{day}.txt"
        console.parent.mkdir(exist_ok=True)
        ended = self._run(console)
        code, said = ended.code, ended.said
        if code == Exit.INTERRUPTED:
            raise KeyboardInterrupt
        if "run_id" not in said:
            heard = said.get("error", "no JSON").removesuffix(".")
            raise RunError(
                f"a retraining must begin, and say how it ended. Received: exit code {code} and "
                f"{heard}. Read {console}."
            )
        version = said.get("pushed_version")
        if version is not None:
            import_states(user_states_file(self._settings), store)
        seconds, cpu = time.monotonic() - started, _children_seconds() - cpu_before
        failed = code not in (Exit.OK, Exit.WITHHELD)
        times = (seconds, cpu)
        return Retraining(said["run_id"], version, failed, _sentence(said), _moved(said), *times)

    def _run(self, console: Path) -> Ended:
        command = [str(_SLUICE), "run", "--config", str(self._config)]
        with console.open("w") as file, start(command, file) as process:
            try:
                return finish(process, file)
            except BaseException:
                process.terminate()  # it ends its own children before it goes
                process.wait()
                raise


def _moved(said: dict[str, Any]) -> float | None:
    """The largest share of its bound that a drift takes."""
    rows = said["data"]["drift"] if "data" in said else []
    shares = [share_of_bound(row["value"], row["bound"]) for row in rows]
    return max(filter(None, shares), default=None)


def _children_seconds() -> float:
    """Processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _sentence(said: dict[str, Any]) -> str:
    """Why a model was pushed or withheld, or the error of the node that stopped the run."""
    if "error" in said:
        return " ".join(str(said["error"]).split())
    return verdict_of(said)
