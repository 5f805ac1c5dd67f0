"""The threads that compute batches, each of which is never kept waiting by its own answers.

An answer wakes a thread that encodes and sends it, for which it needs the interpreter. A thread
that gave its answers first and then took the next batch would stand in line behind all of them,
with TensorFlow idle. So it makes the next batch ready first, and gives the answers of the last one
when TensorFlow is about to compute, without the interpreter.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

Answer = Callable[[], None]
Job = Callable[[Answer], Answer]

_LAST_SECONDS = 5.0  # that the end of the process waits for a computation


class BatchThreads:
    """Daemon threads that take jobs in the order in which they come.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"batch_{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()
        # A process must not end under a thread that is inside TensorFlow.
        atexit.register(self.close)

    def submit(self, job: Job) -> None:
        """Let the next free thread do a job.

        Args:
            job: Called with what answers the job before it, which it calls when it is ready to
                compute; returns what answers it. It raises nothing.
        """
        self._jobs.put(job)

    def close(self) -> None:
        """Let the threads end once all jobs are done, and wait a while for it."""
        atexit.unregister(self.close)
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(_LAST_SECONDS)

    def _work(self) -> None:
        answer = nothing
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                answer()
                answer = nothing
                job = self._jobs.get()
            if job is None:
                answer()
                return
            answer = job(answer)
            del job  # or it would hold its batch, and the model, until there is another


def nothing() -> None:
    """The answer to nobody."""
