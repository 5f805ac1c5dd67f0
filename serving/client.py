"""A thin client of the `recommender` model: typed values in, typed values out.

It speaks TensorFlow Serving's gRPC API, so it works against the embedded server and against the
real one alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import grpc
import numpy as np
from numpy.typing import NDArray

from serving.inputs import InputError, Inputs, fill_inputs, query_inputs
from serving.query import Query, Recommendation, SimilarItem
from serving.tensors import dense, from_proto
from serving.wire.messages import (
    GET_MODEL_METADATA,
    GET_MODEL_STATUS,
    PREDICT,
    GetModelMetadataRequest,
    GetModelStatusRequest,
    Method,
    PredictRequest,
    SignatureDefMap,
    state_name,
)

MAX_MESSAGE_BYTES = 2**31 - 1  # lists for many users outgrow gRPC's default of 4 MB


class ServingError(Exception):
    """A call that brought no answer.

    Attributes:
        code: Name of the gRPC status, such as `UNAVAILABLE`; `INVALID_ARGUMENT` also where the
            client itself refused to send the request.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclasses.dataclass(frozen=True)
class VersionStatus:
    """One version on the server: its state (`AVAILABLE`, `END` ...), and its error if it failed."""

    version: int
    state: str
    error: str


class RecommenderClient:
    """Asks one model server for recommendations. Safe to share between threads.

    Args:
        address: `host:port`.
        model_name: Name under which the server knows the model.
        timeout_s: Longest wait for one call, seconds.
    """

    def __init__(
        self, address: str, model_name: str = "recommender", timeout_s: float = 10.0
    ) -> None:
        self.address = address
        self.model_name = model_name
        self.timeout_s = timeout_s
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ],
        )
        self._calls = {
            method: self._channel.unary_unary(
                method.path,
                request_serializer=lambda request: request.SerializeToString(),
                response_deserializer=method.response.FromString,
            )
            for method in (PREDICT, GET_MODEL_METADATA, GET_MODEL_STATUS)
        }
        self._signatures: dict[str, dict[str, Any]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    # ------------------------------------------------------------ the serving contract

    def recommend(self, requests: Sequence[Query], k: int) -> list[list[Recommendation]]:
        """The best items for each request, best first.

        Args:
            requests: Any number of requests; they travel in one call.
            k: Items for each request. Fewer come back where the catalogue has no more to offer.

        Returns:
            One list for each request.

        Raises:
            ServingError: No answer; the message says why and what to do.
        """
        _check_k(k)
        if not requests:
            return []
        outputs = self._predict("recommend", {**query_inputs(requests), "top_k": np.int32(k)})
        rows = _rows(outputs, "item_id", "score", "retrieval_score")
        return [[Recommendation(*cells) for cells in row if cells[0]] for row in rows]

    def rank(
        self, requests: Sequence[Query], candidate_item_ids: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """The calibrated score of each given candidate.

        Args:
            requests: Any number of requests.
            candidate_item_ids: For each request the items to score.

        Returns:
            For each request one score for each candidate, in the order given.

        Raises:
            ServingError: No answer; the message says why and what to do.
        """
        if len(requests) != len(candidate_item_ids):
            raise ServingError(
                "INVALID_ARGUMENT",
                f"there must be one list of candidates for each request, received "
                f"{len(candidate_item_ids)} lists for {len(requests)} requests",
            )
        if not requests:
            return []
        candidates = dense(candidate_item_ids, "")
        outputs = self._predict("rank", {**query_inputs(requests), "candidate_item_id": candidates})
        scores = _output(outputs, "score").tolist()
        return [row[: len(ids)] for row, ids in zip(scores, candidate_item_ids, strict=True)]

    def similar_items(self, item_ids: Sequence[str], k: int) -> list[list[SimilarItem]]:
        """The items most like each given item, most similar first.

        Args:
            item_ids: Any number of items.
            k: Neighbours for each.

        Returns:
            One list for each item.

        Raises:
            ServingError: No answer; the message says why and what to do.
        """
        _check_k(k)
        if not item_ids:
            return []
        inputs: Inputs = {"item_id": np.array(item_ids, dtype=object), "top_k": np.int32(k)}
        rows = _rows(self._predict("similar_items", inputs), "item_id", "score")
        return [[SimilarItem(*cells) for cells in row if cells[0]] for row in rows]

    # ------------------------------------------------------------ about the model

    def status(self) -> list[VersionStatus]:
        """State of every version the server has seen, newest first.

        Raises:
            ServingError: No answer, or the server does not know the model.
        """
        request = GetModelStatusRequest(model_spec={"name": self.model_name})
        response = self._call(GET_MODEL_STATUS, request)
        return sorted(
            (
                VersionStatus(s.version, state_name(s.state), s.status.error_message)
                for s in response.model_version_status
            ),
            key=lambda status: -status.version,
        )

    def signature(self, name: str = "recommend") -> Mapping[str, Any]:
        """Inputs of a signature as the server declares them: name -> TensorInfo.

        Raises:
            ServingError: No answer, or the model has no such signature.
        """
        if self._signatures is None:
            self._signatures = self._fetch_signatures()
        if name not in self._signatures:
            raise ServingError(
                "INVALID_ARGUMENT",
                f"model {self.model_name!r} at {self.address} has no signature {name!r}; "
                f"it has {sorted(self._signatures)}",
            )
        return self._signatures[name]

    # ------------------------------------------------------------ calls

    def _predict(self, signature: str, inputs: Inputs) -> Mapping[str, Any]:
        """One Predict call, repeated once when a new version has changed the signature."""
        declared = self.signature(signature)
        try:
            return self._predict_as(signature, inputs, declared)
        except ServingError as error:
            if error.code != "INVALID_ARGUMENT":
                raise
            self._signatures = None
            if self.signature(signature) == declared:
                raise
        return self._predict_as(signature, inputs, self.signature(signature))

    def _predict_as(
        self, signature: str, inputs: Inputs, declared: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        spec = {"name": self.model_name, "signature_name": signature}
        request = PredictRequest(model_spec=spec)
        try:
            fill_inputs(request.inputs, inputs, declared)
        except InputError as error:
            raise ServingError("INVALID_ARGUMENT", str(error)) from error
        outputs: Mapping[str, Any] = self._call(PREDICT, request).outputs
        return outputs

    def _fetch_signatures(self) -> dict[str, dict[str, Any]]:
        spec = {"name": self.model_name}
        request = GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
        response = self._call(GET_MODEL_METADATA, request)
        signatures = SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        return {name: dict(s.inputs) for name, s in signatures.signature_def.items()}

    def _call(self, method: Method, request: Any) -> Any:
        try:
            return self._calls[method](request, timeout=self.timeout_s)
        except grpc.RpcError as error:
            raise self._explained(error) from error

    def _explained(self, error: Any) -> ServingError:
        code, details = error.code(), error.details()
        if code is grpc.StatusCode.UNAVAILABLE:
            port = self.address.rpartition(":")[2]
            details = (
                f"no model server answers at {self.address} ({details}). Start one with "
                f"`sluice serve --port {port}`, or give the address of one that runs"
            )
        elif code is grpc.StatusCode.DEADLINE_EXCEEDED:
            details = (
                f"the model server at {self.address} did not answer within {self.timeout_s:g} s. "
                "Ask for less in one call, or raise timeout_s"
            )
        else:
            details = f"the model server at {self.address} refused the call: {details}"
        return ServingError(code.name, details)


def _check_k(k: int) -> None:
    if k < 1:
        raise ServingError("INVALID_ARGUMENT", f"k must be at least 1, received {k}")


def _output(outputs: Mapping[str, Any], name: str) -> NDArray[Any]:
    if name not in outputs:
        raise ServingError(
            "INTERNAL",
            f"the serving contract has an output {name!r}, the model returned {sorted(outputs)}. "
            "Is another model served under this name?",
        )
    return from_proto(outputs[name])


def _rows(outputs: Mapping[str, Any], *names: str) -> list[list[tuple[Any, ...]]]:
    """Outputs [B, K], the first of them ids, as B rows of K tuples."""
    ids, *numbers = (_output(outputs, name).tolist() for name in names)
    text = [
        [str(cell, "utf-8") if isinstance(cell, bytes) else cell for cell in row] for row in ids
    ]
    rows = zip(text, *numbers, strict=True)
    return [list(zip(*row, strict=True)) for row in rows]
