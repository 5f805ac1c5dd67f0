"""One try-out of a model on a real server: from artifacts to checks."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import grpc
import numpy as np
import numpy.typing as npt
import psutil
import tensorflow as tf

from components.checks import Bound, Check
from components.serving_validator.calls import (
    Calls,
    ContractError,
    Signatures,
    read_signatures,
)
from components.serving_validator.held_out import HeldOutRequest
from components.serving_validator.host import Host, host_of
from components.serving_validator.probe import Probe, seen_items_shown
from components.serving_validator.swap import (
    SWAP_MEASURES,
    Entry,
    SwapError,
    enter,
    requests_of_both,
    swap_in,
)
from components.serving_validator.warm_up import write_warm_up
from components.warm_up_file import WARM_UP_FILE
from serving.client import RecommenderClient, ServingError
from serving.embedded import EmbeddedServerError
from serving.inputs import InputError
from serving.query import Query
from trainer.recommender.stock_ops import ForeignOpError, require_stock_ops
from transform.aggregates import DAY_SECONDS

logger = logging.getLogger(__name__)

_COLD_STARTS = 16
_LIVE_SECONDS = 30 * DAY_SECONDS  # a log that has ended before is not that of a living shop
_NAMED = 5  # differing features that a reason names
# Whatever a model can do to a server, or a server to its callers. Anything else is our own mistake
# and fails the run.
_FAILURES = (
    ContractError,
    EmbeddedServerError,
    ForeignOpError,
    ServingError,
    InputError,
    SwapError,
    grpc.RpcError,
    psutil.NoSuchProcess,
)


class Measured(NamedTuple):
    """What a server's answers came to.

    Attributes:
        values: Measure -> value.
        details: Measure -> what a failure of it is about.
    """

    values: dict[str, float]
    details: dict[str, str]

    def check(self, bound: Bound) -> Check:
        """Holds a value against its bound; what was not measured fails."""
        detail = self.details.get(bound.name)
        why = f"{bound.why}: {detail}" if detail else bound.why
        return bound.model_copy(update={"why": why}).check(self.values.get(bound.name))


@dataclass(frozen=True)
class TryOut:
    """What a model is tried out with.

    Attributes:
        model: The candidate's SavedModel.
        retriever: The retriever's SavedModel, which takes serialized transformed rows.
        requests: Requests from raw held-out rows.
        transformed: Serialized transformed row of each request; None where it was not found.
        features: Names of the transformed features that the models are fed.
        items: Size of the catalogue.
        exclude_seen: Whether lists must leave out what the history holds.
        served: Folder of the version now served; None before the first.
        bounds: What the answers are held against.
    """

    model: Path
    retriever: Path
    requests: Sequence[HeldOutRequest]
    transformed: Sequence[bytes | None]
    features: Sequence[str]
    items: int
    exclude_seen: bool
    served: Path | None
    bounds: Sequence[Bound]

    def run(self, output: Path) -> list[Check]:
        """Tries the model out; the warm-up file is left in `output`.

        A model that brings the server down, or that it cannot load, fails a check with the reason.
        """
        try:
            measured = self._measure(output)
        except _FAILURES as error:
            logger.warning("The model could not be tried out.", exc_info=True)
            reason = f"{type(error).__name__}: {error}"
            return [Bound(name="answers of a real server", lower=1, why=reason).check(None)]
        return [measured.check(bound) for bound in self._applicable(measured.values)]

    def _applicable(self, measured: Mapping[str, float]) -> list[Bound]:
        skipped = set() if self.exclude_seen else {"seen_items_shown"}
        if not SWAP_MEASURES & measured.keys():  # there is nothing to swap from
            skipped |= SWAP_MEASURES
        return [bound for bound in self.bounds if bound.name not in skipped]

    def _measure(self, output: Path) -> Measured:
        declared = read_signatures(self.model)
        # The embedded server runs what this Python has loaded; the real one runs less.
        require_stock_ops(self.model)
        queries = [request.query for request in self.requests]
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as meanwhile:
            candidate = _stage(self.model, Path(folder) / "candidate")
            warm_up = candidate / "assets.extra" / WARM_UP_FILE
            write_warm_up(warm_up, queries, declared)
            # Versions load for seconds in which nothing else is to be done here.
            expected = meanwhile.submit(_embeddings, self.retriever, self._replayed()[1])
            with (
                host_of(self.served, output / "model_server.log") as host,
                RecommenderClient(host.server.address, timeout_s=60.0) as client,
                Calls(host.server.address) as calls,
            ):
                expected_embeddings = expected.result()  # callers are not to wait for that
                entry = self._enter(host, candidate, declared)
                probe = Probe(host.server, client, calls, declared)
                measured = self._ask(probe, queries, expected_embeddings)
                differing = self._differing_features(probe)
            shutil.copyfile(warm_up, output / WARM_UP_FILE)
        measured["start_seconds"] = host.server.startup_seconds + entry.load_seconds
        first_calls = entry.first_call_seconds, measured["first_call_seconds"]
        measured["first_call_seconds"] = max(first_calls)
        measured |= {**entry.swap, "feature_differences": float(differing.total())}
        return Measured(measured, {"feature_differences": _most_common(differing)})

    def _enter(self, host: Host, candidate: Path, declared: Signatures) -> Entry:
        """How the candidate came to be served, in the place of what is served now."""
        if self.served is None or not host.serves:
            return enter(host.server, host.folder, candidate)
        queries = [request.query for request in self.requests]
        requests = requests_of_both(queries, read_signatures(self.served), declared)
        return swap_in(host.server, host.folder, candidate, requests)

    def _ask(
        self, probe: Probe, queries: Sequence[Query], expected: npt.NDArray[np.float32]
    ) -> dict[str, float]:
        first_call_seconds = probe.first_call_seconds(queries[0])
        replayed, _ = self._replayed()
        lists = probe.lists(queries)
        return {
            "first_call_seconds": first_call_seconds,
            "rows_replayed": float(len(replayed)),
            "embedding_difference": probe.embedding_difference(replayed, expected),
            "score_difference": probe.score_difference(queries, lists),
            "row_difference": probe.row_difference(self.requests),
            "malformed_refused": probe.malformed_refused(queries[0]),
            "cold_start_full": probe.cold_start_full(
                queries[:_COLD_STARTS], self.items, time_of_service(queries, int(time.time()))
            ),
            "seen_items_shown": seen_items_shown(queries, lists),
            "excluded_items_shown": probe.excluded_items_shown(queries, lists),
            **probe.latencies_ms(queries),
            "memory_mb": probe.memory_mb(),
        }

    def _differing_features(self, probe: Probe) -> Counter[str]:
        return probe.differing_features(self.features, *self._replayed())

    def _replayed(self) -> tuple[list[Query], list[bytes]]:
        """The requests whose transformed row was found, and that row of each."""
        pairs = [
            (request.query, row)
            for request, row in zip(self.requests, self.transformed, strict=True)
            if row is not None
        ]
        return [query for query, _ in pairs], [row for _, row in pairs]


def time_of_service(queries: Sequence[Query], now: int) -> int:
    """When the model is going to be asked, unix seconds: now, or when an old log ends.

    The lists of an old log are asked for as of its end, and its items may have ended since.

    Args:
        queries: Held-out requests, the latest of which tell when the log ends.
        now: Unix seconds.
    """
    end = max(query.request_time for query in queries)
    return now if end < now <= end + _LIVE_SECONDS else end


def _most_common(differing: Counter[str]) -> str:
    """The features that differ most often, and in how many rows; "" where none does."""
    named = [f"{name} in {rows} rows" for name, rows in differing.most_common(_NAMED)]
    others = len(differing) - len(named)
    return ", ".join([*named, f"{others} more"] if others else named)


def _embeddings(retriever: Path, rows: Sequence[bytes]) -> npt.NDArray[np.float32]:
    """What training computes from transformed rows [len(rows), D]."""
    serve = tf.saved_model.load(str(retriever)).signatures["serving_default"]
    return np.asarray(serve(examples=tf.constant(rows, tf.string))["embedding"].numpy())


def _stage(model: Path, version: Path) -> Path:
    """A version directory that holds the model by links, and an `assets.extra` of its own."""
    version.mkdir(parents=True)
    for entry in model.iterdir():
        if entry.name != "assets.extra":
            (version / entry.name).symlink_to(entry.resolve())
    extra = version / "assets.extra"
    if (model / extra.name).is_dir():
        shutil.copytree(model / extra.name, extra)
    else:
        extra.mkdir()
    return version
