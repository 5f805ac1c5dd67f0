"""Loads a model again and again and prints the resident memory after each time, in bytes.

A process of its own: in that of the tests, other tests' threads and garbage come and go.

    python -m tests.serving.model_server.loading_again MODEL TIMES close|keep
"""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import tensorflow as tf

from serving.model_server.servables import Servable
from tests.serving.model_server.conftest import recommend_inputs


def main(model: Path, times: int, close: bool) -> None:
    protos = {name: tf.make_tensor_proto(value) for name, value in recommend_inputs().items()}
    kept = []
    for version in range(times):
        servable = Servable(model, version)
        servable.run("recommend", protos)
        if close:
            servable.close()
        else:
            kept.append(servable)
        print(psutil.Process().memory_info().rss, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "close")
