"""Trains one recommender: the pipeline up to the RecommenderAssembler, in a fresh process.

`python -m benchmarks.evaluation.power.train_side SETTINGS SEED SAID`. The nodes that judge and
publish are left out: what is judged here are the judges.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.said import report
from pipeline.dag import create_pipeline
from pipeline.loading import load_settings
from pipeline.runners import local
from pipeline.runners.interruption import Interruption

LAST = "RecommenderAssembler"


class _Step:
    def finish(self, state: object) -> None:
        """Says how a node ended."""
        sys.stdout.write(f"  {state}\n")


@contextlib.contextmanager
def _watch(node_id: str, number: int, count: int) -> Iterator[_Step]:
    sys.stdout.write(f"{node_id} ({number} of {count})\n")
    sys.stdout.flush()
    yield _Step()


def main(config: str, seed: str, said: str) -> None:
    """Trains, and reports the seed."""
    settings = load_settings(Path(config)).model_copy(update={"seed": int(seed)})
    pipeline = create_pipeline(settings)
    names = [component.id for component in pipeline.components]
    pipeline.components = pipeline.components[: names.index(LAST) + 1]
    settings.root.mkdir(parents=True, exist_ok=True)
    with Interruption() as interruption:
        local.run(pipeline, f"seed-{seed}", _watch, interruption)
    report(Path(said), seed=settings.seed)


if __name__ == "__main__":
    main(*sys.argv[1:])
