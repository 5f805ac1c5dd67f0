"""The containers of a compiled pipeline as processes: each once those before it have ended."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol

from pipeline.kubeflow.attempt import Attempt, attempt
from pipeline.kubeflow.specification import Container
from pipeline.kubeflow.surroundings import Volumes

logger = logging.getLogger(__name__)


class Board(Protocol):
    """Shows what runs and how it ended."""

    def start(self, label: str) -> None:
        """A container runs now."""

    def end(self, label: str, state: str, seconds: float) -> None:
        """It has ended: `done`, `cached`, `failed` or `interrupted`."""


class ContainerError(Exception):
    """A container failed as often as it may; the message says how."""


@dataclasses.dataclass(frozen=True)
class Machine:
    """What the containers run on.

    Attributes:
        volumes: Folders in the place of volumes.
        secrets: Variable -> value.
        logs: Folder for the output of each container.
        parallel: How many run at a time, at most.
    """

    volumes: Volumes
    secrets: Mapping[str, str]
    logs: Path
    parallel: int


def run(containers: Sequence[Container], machine: Machine, board: Board) -> dict[str, str]:
    """Runs all containers, in parallel where nothing makes one wait for another.

    Once one has failed no other is started; those that run come to their end.

    Args:
        containers: In topological order.
        machine: What they run on.
        board: Is told of each.

    Returns:
        Name -> `done` or `cached`, in the order in which they ended.

    Raises:
        ContainerError: One failed.
        KeyboardInterrupt: The run was interrupted; all processes are gone.
    """
    states: dict[str, str] = {}
    waiting, stop = list(containers), threading.Event()
    failed: list[str] = []
    running: dict[Future[Attempt], tuple[Container, float]] = {}
    with ThreadPoolExecutor(machine.parallel) as pool:
        try:
            while running or (waiting and not failed):
                for container in _ready(waiting, states, machine.parallel - len(running), failed):
                    waiting.remove(container)
                    board.start(container.name)
                    future = pool.submit(_attempts, container, machine, stop)
                    running[future] = container, time.monotonic()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    container, began = running.pop(future)
                    ended = future.result()
                    board.end(container.name, ended.state, time.monotonic() - began)
                    if ended.well:
                        states[container.name] = ended.state
                    else:
                        failed.append(f"{container.name} failed: {ended.error}")
        except BaseException:
            stop.set()
            for container, began in running.values():
                board.end(container.name, "interrupted", time.monotonic() - began)
            raise
    if failed:
        raise ContainerError("\n".join(failed))
    return states


def _ready(
    waiting: Sequence[Container], states: Mapping[str, str], room: int, failed: Sequence[str]
) -> list[Container]:
    """Containers that may start now."""
    if failed:
        return []
    return [one for one in waiting if all(name in states for name in one.before)][:room]


def _attempts(container: Container, machine: Machine, stop: threading.Event) -> Attempt:
    log = machine.logs / f"{container.name}.log"
    for number in range(container.retry.times + 1):
        if number and stop.wait(container.retry.wait_before(number)):
            break
        ended = attempt(container, machine.volumes, machine.secrets, log, stop)
        if ended.well or stop.is_set():
            return ended
        logger.warning("attempt %d of %s: %s", number + 1, container.name, ended.error)
    return ended
