"""The peer of the server: the SavedModel called in this very process, with the same batching.

`python -m benchmarks.serving.in_process_side MODEL BATCHING REQUESTS CALLERS SECONDS COUNTED SAID`
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from pathlib import Path

from tensorflow_serving.apis import predict_pb2

from benchmarks.said import report
from benchmarks.serving.traffic import load_requests
from serving.model_server.batching import Arrays, Batcher
from serving.model_server.batching_config import read_batching
from serving.model_server.servables import load_servable

_SIGNATURE = "recommend"


def main(
    model: str,
    batching: str,
    requests: str,
    callers: str,
    seconds: str,
    counted: str,
    said: str,
) -> None:
    """Asks with one caller, then with several; each asks again as soon as it has an answer."""
    servable = load_servable(Path(model), 1, Batcher(read_batching(Path(batching))))
    signature = servable.signature(_SIGNATURE)
    fetches = signature.fetches(())
    # Decoding requests is the server's part.
    feeds = [
        signature.feeds(predict_pb2.PredictRequest.FromString(request).inputs)
        for request in load_requests(Path(requests))
    ]

    def ask(arrays: Arrays) -> None:
        servable.compute(signature, arrays, fetches)

    def ends(count: int) -> list[tuple[float, float]]:
        """When each call ended, counted back from the end of the measurement, and its time."""
        found: list[tuple[float, float]] = []
        until = time.perf_counter() + float(seconds)
        numbers = itertools.count()

        def again() -> None:
            while (began := time.perf_counter()) < until:
                ask(feeds[next(numbers) % len(feeds)])
                ended = time.perf_counter()
                found.append((until - ended, ended - began))

        threads = [threading.Thread(target=again) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    alone = sorted(took for _, took in ends(1))
    window = float(counted) * float(seconds)
    together = sum(0.0 <= left < window for left, _ in ends(int(callers)))
    report(
        Path(said),
        p50_ms=1000.0 * alone[len(alone) // 2],
        calls_a_second=together / window,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
