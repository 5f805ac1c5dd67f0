"""What a running server is asked, and what is measured of its answers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.serving_validator.calls import (
    Calls,
    ContractError,
    Signatures,
    output,
    predict_request,
)
from components.serving_validator.features import differing_rows
from components.serving_validator.held_out import HeldOutRequest
from serving.client import RecommenderClient
from serving.embedded import EmbeddedServer
from serving.inputs import Inputs, query_inputs
from serving.query import Query
from serving.tensors import dense
from transform import features as keys

_LIST_LENGTH = 10
_BATCH = 64
_UNKNOWN = "\u2205 nobody"  # an id that no log has


@dataclass(frozen=True)
class Lists:
    """What N requests were answered with.

    Attributes:
        items: Item ids as bytes, best first, [N, K]; b"" where there are no more.
        scores: Their scores, float32 [N, K].
    """

    items: npt.NDArray[Any]
    scores: npt.NDArray[np.float32]

    def shown(self) -> list[tuple[str, ...]]:
        """The item ids of each list."""
        return [tuple(item.decode("utf-8") for item in row if item) for row in self.items]


def seen_items_shown(queries: Sequence[Query], lists: Lists) -> float:
    """Number of items shown to users who have had them.

    Args:
        queries: Requests.
        lists: What they were answered with.
    """
    return float(
        sum(
            item in query.history_item_id
            for query, shown in zip(queries, lists.shown(), strict=True)
            for item in shown
        )
    )


@dataclass(frozen=True)
class Probe:
    """Measures one server.

    Attributes:
        server: The server under test.
        client: A client of it.
        calls: Calls below the client's comforts.
        declared: Inputs of the model's signatures.
    """

    server: EmbeddedServer
    client: RecommenderClient
    calls: Calls
    declared: Signatures

    def first_call_seconds(self, query: Query) -> float:
        """Time of the first request that a client makes."""
        started = time.monotonic()
        self.client.recommend([query], _LIST_LENGTH)
        return time.monotonic() - started

    def latencies_ms(self, queries: Sequence[Query]) -> dict[str, float]:
        """Median and 99th percentile of single requests, asked one after the other, in ms.

        What a single caller on the same machine waits; nothing is said of a server under load.
        """
        taken = []
        for query in queries:
            started = time.monotonic()
            self.client.recommend([query], _LIST_LENGTH)
            taken.append(1000.0 * (time.monotonic() - started))
        median, high = np.percentile(taken, [50, 99])
        return {"latency_p50_ms": float(median), "latency_p99_ms": float(high)}

    def memory_mb(self) -> float:
        """Resident memory of the server in units of 10^6 bytes, with what a swap left behind."""
        return self.server.rss_bytes() / 1e6

    def embedding_difference(
        self, queries: Sequence[Query], expected: npt.NDArray[np.float32]
    ) -> float:
        """Largest difference of a coordinate of the query embedding; NaN for no queries.

        Args:
            queries: Requests, from raw rows.
            expected: What training computes from the transformed rows [len(queries), D].
        """
        served = [
            output(
                self._predict("query_embedding", _without_exclusions(queries[part])), "embedding"
            )
            for part in _parts(len(queries))
        ]
        if not served:
            return float("nan")
        embeddings = np.concatenate(served)
        if embeddings.shape != expected.shape:
            raise ContractError(
                "The served query embedding must have the shape of the retriever's. "
                f"Received: {embeddings.shape}, not {expected.shape}."
            )
        return _largest(embeddings - expected)

    def differing_features(
        self, names: Sequence[str], queries: Sequence[Query], trained: Sequence[bytes]
    ) -> Counter[str]:
        """In how many requests each feature is not, bit by bit, what training read.

        Args:
            names: The features that the models are fed.
            queries: Requests, from raw rows.
            trained: The serialized transformed row of each.
        """
        found: Counter[str] = Counter()
        for part in _parts(len(queries)):
            served = self._predict("query_features", _without_exclusions(queries[part]))
            found += differing_rows(names, served, trained[part])
        return found

    def lists(self, queries: Sequence[Query]) -> Lists:
        """What each request is answered with: several questions are about it."""
        items, scores = [], []
        for part in _parts(len(queries)):
            inputs: Inputs = {**query_inputs(queries[part]), "top_k": np.int32(_LIST_LENGTH)}
            answered = self._predict("recommend", inputs)
            items.append(output(answered, "item_id"))
            scores.append(output(answered, "score"))
        return Lists(np.concatenate(items), np.concatenate(scores))

    def score_difference(self, queries: Sequence[Query], lists: Lists) -> float:
        """Largest difference between an item's score in `recommend` and in `rank`.

        Args:
            queries: Requests.
            lists: What they were answered with.
        """
        largest: list[float] = []
        for part in _parts(len(queries)):
            query, items = _without_exclusions(queries[part]), lists.items[part]
            ranked = output(
                self._predict("rank", {**query, keys.CANDIDATE_ITEM_ID: items}), "score"
            )
            largest.append(_largest((ranked - lists.scores[part])[items != b""]))
        return float(np.max(largest, initial=0.0))

    def row_difference(self, requests: Sequence[HeldOutRequest]) -> float:
        """Largest difference between a candidate's score in `rank` and in `rank_examples`.

        A request carries what the client knows, a row what the pipeline wrote: aggregates and all.
        """
        largest: list[float] = []
        for part in _parts(len(requests)):
            batch = requests[part]
            items = dense([request.candidates for request in batch], "")
            query = _without_exclusions([request.query for request in batch])
            ranked = self._predict("rank", {**query, keys.CANDIDATE_ITEM_ID: items})
            rows = np.array([request.record for request in batch], dtype=object)
            of_rows = self._predict("rank_examples", {"examples": rows})
            difference = output(ranked, "score") - output(of_rows, "score")
            largest.append(_largest(difference[items != ""]))
        return float(np.max(largest, initial=0.0))

    def malformed_refused(self, query: Query) -> float:
        """Share of malformed requests that are answered with INVALID_ARGUMENT."""
        answers = [self.calls.status(request) for request in self._malformed(query)]
        return answers.count(grpc.StatusCode.INVALID_ARGUMENT) / len(answers)

    def cold_start_full(self, queries: Sequence[Query], items: int, moment: int) -> float:
        """Share of unknown users, without any history, who get a full list.

        Args:
            queries: Requests whose features are kept; each is asked at its own time, and again.
            items: Size of the catalogue: a list cannot be longer.
            moment: When they are asked again, unix seconds: the catalogue may have ended since.
        """
        again = [replace(query, request_time=moment) for query in queries]
        strangers = [
            replace(
                query,
                user_id=_UNKNOWN,
                history_item_id=(),
                history_event_type=(),
                history_time=(),
            )
            for query in (*queries, *again)
        ]
        lists = self.client.recommend(strangers, _LIST_LENGTH)
        full = min(_LIST_LENGTH, items)
        return sum(len({item.item_id for item in shown}) == full for shown in lists) / len(lists)

    def excluded_items_shown(self, queries: Sequence[Query], lists: Lists) -> float:
        """Number of items shown although the request excludes them.

        Args:
            queries: Requests; each excludes the upper half of its list.
            lists: What they were answered with.
        """
        excluding = [
            replace(query, exclude_item_id=shown[: _LIST_LENGTH // 2])
            for query, shown in zip(queries, lists.shown(), strict=True)
        ]
        answered = self.client.recommend(excluding, _LIST_LENGTH)
        return float(
            sum(
                item.item_id in query.exclude_item_id
                for query, shown in zip(excluding, answered, strict=True)
                for item in shown
            )
        )

    def _predict(self, signature: str, inputs: Inputs) -> dict[str, npt.NDArray[Any]]:
        name = self.server.model_name
        return self.calls.predict(predict_request(name, signature, inputs, self.declared))

    def _malformed(self, query: Query) -> Iterator[Any]:
        """A missing input, one of the wrong type, and histories of unequal length."""

        def request() -> Any:
            inputs: Inputs = {**query_inputs([query]), "top_k": np.int32(_LIST_LENGTH)}
            name = self.server.model_name
            return predict_request(name, "recommend", inputs, self.declared)

        missing, mistyped, uneven = request(), request(), request()
        del missing.inputs[keys.HISTORY_TIME]
        yield missing
        mistyped.inputs[keys.REQUEST_TIME].CopyFrom(tf.make_tensor_proto(["yesterday"]))
        yield mistyped
        three_types = tf.make_tensor_proto([["view"] * (len(query.history_item_id) + 3)])
        uneven.inputs[keys.HISTORY_EVENT_TYPE].CopyFrom(three_types)
        yield uneven


def _without_exclusions(queries: Sequence[Query]) -> Inputs:
    inputs = query_inputs(queries)
    del inputs[keys.EXCLUDE_ITEM_ID]
    return inputs


def _parts(rows: int) -> Iterator[slice]:
    """Slices of so many rows, in order."""
    return (slice(first, first + _BATCH) for first in range(0, rows, _BATCH))


def _largest(differences: npt.NDArray[Any]) -> float:
    """Largest absolute difference; NaN if any value is NaN, 0 for none."""
    return float(np.max(np.abs(differences), initial=0.0))
