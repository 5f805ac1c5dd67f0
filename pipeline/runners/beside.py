"""Nodes in threads, beside those that run in this one.

It serves nodes that mostly wait for a process of their own. One thread at a time has to do with the
metadata, which are a file of SQLite; it is the executors that run at the same time.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Self

from tfx.orchestration.portable.beam_executor_operator import BeamExecutorOperator
from tfx.orchestration.portable.python_executor_operator import PythonExecutorOperator
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from pipeline.runners.interruption import end_children
from pipeline.runners.node import NodeError, NodeResult, launch_node

_GRACE_SECONDS = 10.0  # for a node whose processes are gone


class AbandonedError(BaseException):
    """The run is over, so what a node has come to does not count: it is interrupted."""


class Beside:
    """Launches the nodes of a run, some of them in threads.

    The first node that fails ends the run: the processes of all others are ended, and what these
    come to after that is not published.
    """

    def __init__(self, compiled: pipeline_pb2.Pipeline) -> None:
        self._compiled = compiled
        self._turn = threading.RLock()
        self._over = threading.Event()
        self._threads = ThreadPoolExecutor()
        self._started: dict[str, Future[NodeResult]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._over.set()
            with contextlib.suppress(RuntimeError):  # not this thread's any more, as it should be
                self._turn.release()  # an interruption can make `_given_up` take it twice
            end_children()
        wait(self._started.values(), _GRACE_SECONDS if kind else None)
        self._threads.shutdown(wait=False)

    def start(self, node_id: str) -> None:
        """Starts a node in a thread; `launch` waits for it."""
        self._started[node_id] = self._threads.submit(self._launch, node_id)

    def launch(self, node_id: str) -> NodeResult:
        """Runs a node in this thread, or waits for it where it was started.

        Raises:
            NodeError: It failed, or one in a thread did while it ran.
            KeyboardInterrupt: The run was interrupted.
        """
        try:
            if node_id in self._started:
                return self._started[node_id].result()
            return self._launch(node_id)
        except AbandonedError as error:
            abandoned = error
        raise self._failure(node_id, abandoned)  # with its own cause

    def _launch(self, node_id: str) -> NodeResult:
        # Whoever fails has the turn until it is closed and its processes are gone, and then the
        # run is over: no other node publishes what it made of their end. CPython lets out no
        # interruption between taking the turn and this block, nor between it and giving that up.
        with self._turn:
            try:
                self._go_on()
                return launch_node(self._compiled, node_id, operators=self._operators())
            except BaseException:
                self._over.set()
                raise

    def _given_up(self, run: Callable[[], Any]) -> Any:
        """Runs an executor, and leaves the turn to others meanwhile."""
        try:
            self._turn.release()
            return run()
        finally:
            try:
                self._turn.acquire()
            except KeyboardInterrupt:  # there is but one, see Interruption
                self._turn.acquire()  # even if it came when the turn was there; see `__exit__`
                raise
            self._go_on()

    def _go_on(self) -> None:
        if self._over.is_set():
            raise AbandonedError("another node ended the run")

    def _failure(self, node_id: str, abandoned: AbandonedError) -> NodeError:
        """What ended the run while this thread ran a node, or waited for it."""
        # The run is over a moment before the thread that ended it is done.
        wait(self._started.values(), _GRACE_SECONDS)
        raised = {
            one: error
            for one, future in self._started.items()
            if future.done() and (error := future.exception()) is not None
        }
        for error in raised.values():
            if isinstance(error, NodeError):
                return error
        ended = (pair for pair in raised.items() if not isinstance(pair[1], AbandonedError))
        culprit, cause = next(ended, (node_id, abandoned))
        failure = NodeError(culprit, cause)
        failure.__cause__ = cause
        return failure

    def _operators(self) -> Mapping[type, Callable[..., Any]]:
        made: dict[type, type[PythonExecutorOperator] | type[BeamExecutorOperator]] = {
            executable_spec_pb2.PythonClassExecutableSpec: PythonExecutorOperator,
            executable_spec_pb2.BeamExecutableSpec: BeamExecutorOperator,
        }
        return {
            spec: functools.partial(_operator, kind, self._given_up) for spec, kind in made.items()
        }


def _operator(kind: type[Any], given_up: Callable[[Callable[[], Any]], Any], **given: Any) -> Any:
    """TFX's operator of a kind, which runs its executor without the turn."""
    operator = kind(**given)
    run_executor = operator.run_executor

    def run(*arguments: Any, **options: Any) -> Any:
        return given_up(functools.partial(run_executor, *arguments, **options))

    operator.run_executor = run
    return operator
