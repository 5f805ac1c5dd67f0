"""The threads that compute batches."""

from __future__ import annotations

import functools
import threading

from serving.model_server.batch_threads import Answer, BatchThreads, Job

_PATIENCE_S = 30.0


def test_a_job_is_made_ready_before_the_last_is_answered_and_computed_after() -> None:
    said: list[str] = []
    second_is_there, answered = threading.Event(), threading.Event()

    def job(name: str, waits_for: threading.Event | None = None) -> Job:
        def do(answer_before: Answer) -> Answer:
            said.append(f"{name} is ready")
            answer_before()
            if waits_for is not None:
                assert waits_for.wait(_PATIENCE_S)
            said.append(f"{name} is computed")
            return lambda: said.append(f"{name} is answered")

        return do

    def last(answer_before: Answer) -> Answer:
        answer_before()
        return answered.set

    threads = BatchThreads(1)
    threads.submit(job("first", second_is_there))
    threads.submit(job("second"))
    threads.submit(last)
    second_is_there.set()
    assert answered.wait(_PATIENCE_S)
    assert said == [
        "first is ready",
        "first is computed",
        "second is ready",
        "first is answered",
        "second is computed",
        "second is answered",
    ]


def test_where_no_job_waits_the_answer_is_given_at_once() -> None:
    answered = threading.Event()

    def job(answer_before: Answer) -> Answer:
        answer_before()
        return answered.set

    BatchThreads(1).submit(job)
    assert answered.wait(_PATIENCE_S)


def test_at_the_end_all_jobs_are_done_and_answered() -> None:
    said: list[int] = []

    def job(number: int, answer_before: Answer) -> Answer:
        answer_before()
        return lambda: said.append(number)

    threads = BatchThreads(2)
    for number in range(20):
        threads.submit(functools.partial(job, number))
    threads.close()
    assert sorted(said) == list(range(20))
