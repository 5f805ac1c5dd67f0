"""Stages of a Beam pipeline that wait for each other.

A stage plans tasks from all results of the stage before it, and works on them in parallel. Results
are small facts; tables go through files.

A runner reports an error as the text of a stack trace. A breach of the data contract is no accident
but an answer, so it travels as a result: every later stage hands it on, and does nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from transform.errors import DataError


@dataclass(frozen=True)
class Refusal:
    """A breach of the data contract, in the place of results."""

    message: str


class Stage(beam.PTransform):
    """All results of a stage, as one list -> all results of the next."""

    def __init__(
        self,
        plan: Callable[..., Iterable[Any]],
        work: Callable[[Any], Any],
        earlier: beam.PCollection[list[Any]] | None = None,
    ) -> None:
        """Prepares the stage.

        Args:
            plan: Results of the stage before, and of the `earlier` one if given -> tasks.
            work: Task -> result.
            earlier: Results of another stage that the plan needs.
        """
        super().__init__()
        self._plan = plan
        self._work = work
        self._earlier = [] if earlier is None else [beam.pvalue.AsSingleton(earlier)]

    def expand(self, results: beam.PCollection[list[Any]]) -> beam.PCollection[list[Any]]:
        """Applies the transform."""
        return (
            results
            | "Plan" >> beam.ParDo(_Plan(self._plan), *self._earlier)
            | "Spread" >> beam.GroupByKey()
            | "Work" >> beam.ParDo(_Work(self._work))
            | "Gather" >> beam.GroupByKey()
            | "All" >> beam.MapTuple(_all)
        )


class _Plan(beam.DoFn):
    """All results -> tasks by their number, so that a runner may give each to another worker."""

    def __init__(self, plan: Callable[..., Iterable[Any]]) -> None:
        super().__init__()
        self._plan = plan

    def process(
        self, results: list[Any], earlier: list[Any] | None = None
    ) -> Iterator[tuple[int, Any]]:
        refusals = [result for result in results if isinstance(result, Refusal)]
        if refusals:
            yield 0, refusals[0]
            return
        try:
            tasks = self._plan(results) if earlier is None else self._plan(results, earlier)
            yield from enumerate(tasks)
        except DataError as error:
            yield 0, Refusal(str(error))


class _Work(beam.DoFn):
    """A task -> its result, under one key for all."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        super().__init__()
        self._work = work

    def process(self, numbered: tuple[int, Iterable[Any]]) -> Iterator[tuple[int, Any]]:
        (task,) = numbered[1]
        if isinstance(task, Refusal):
            yield 0, task
            return
        try:
            yield 0, self._work(task)
        except DataError as error:
            yield 0, Refusal(str(error))


def _all(_: int, results: Iterable[Any]) -> list[Any]:
    return list(results)
