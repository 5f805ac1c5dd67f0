"""One model on a server: the flows that ask it, and what a client remembers of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from serving.calls.errors import ServingError
from serving.contract import Question
from serving.flows import Call, Flow
from serving.inputs import InputError, fill_inputs
from serving.wire.messages import (
    GET_MODEL_METADATA,
    GET_MODEL_STATUS,
    PREDICT,
    GetModelMetadataRequest,
    GetModelStatusRequest,
    PredictRequest,
    SignatureDefMap,
    state_name,
)

Value = TypeVar("Value")


@dataclasses.dataclass(frozen=True)
class VersionStatus:
    """One version on the server: its state (`AVAILABLE`, `END` ...), and its error if it failed."""

    version: int
    state: str
    error: str


@dataclasses.dataclass(frozen=True)
class Answered(Generic[Value]):
    """A value, and the version of the model that gave it."""

    value: Value
    version: int


class ServedModel:
    """The flows of one model.

    Args:
        name: Name under which the server knows it.
        label: Label of the version that is asked; "" for the one that the server chooses.

    Attributes:
        name: As above.
        label: As above.
        version: The version that answered last; None before the first answer.
    """

    def __init__(self, name: str, label: str = "") -> None:
        self.name = name
        self.label = label
        self.version: int | None = None
        self._spec = {"name": name, **({"version_label": label} if label else {})}
        self._signatures: dict[str, dict[str, Any]] | None = None

    def ask(self, question: Question[Value]) -> Flow[Answered[Value]]:
        """One Predict call, repeated once when a new version has changed the signature."""
        declared = yield from self.signature(question.signature)
        try:
            return (yield from self._predict(question, declared))
        except ServingError as error:
            if error.code != "INVALID_ARGUMENT":
                raise
            self._signatures = None
            changed = yield from self.signature(question.signature)
            if changed == declared:
                raise
        return (yield from self._predict(question, changed))

    def signature(self, name: str) -> Flow[Mapping[str, Any]]:
        """Inputs of a signature as the server declares them: name -> TensorInfo."""
        if self._signatures is None:
            self._signatures = yield from self._fetch_signatures()
        # Another thread may forget them between two lines, so they are looked at once.
        known = self._signatures
        if name not in known:
            raise ServingError(
                "INVALID_ARGUMENT",
                f"model {self.name!r} has no signature {name!r}; it has {sorted(known)}",
            )
        return known[name]

    def status(self) -> Flow[list[VersionStatus]]:
        """State of every version the server has seen, newest first."""
        request = GetModelStatusRequest(model_spec={"name": self.name})
        response = yield Call(GET_MODEL_STATUS, request)
        return sorted(
            (
                VersionStatus(s.version, state_name(s.state), s.status.error_message)
                for s in response.model_version_status
            ),
            key=lambda status: -status.version,
        )

    def _predict(
        self, question: Question[Value], declared: Mapping[str, Any]
    ) -> Flow[Answered[Value]]:
        spec = {**self._spec, "signature_name": question.signature}
        request = PredictRequest(model_spec=spec)
        try:
            fill_inputs(request.inputs, question.inputs, declared)
        except InputError as error:
            raise ServingError("INVALID_ARGUMENT", str(error)) from error
        response = yield Call(PREDICT, request)
        self.version = response.model_spec.version.value
        try:
            return Answered(question.read(response.outputs), self.version)
        except ValueError as error:
            raise ServingError(
                "INTERNAL",
                f"the answer of model {self.name!r}, version {self.version}, must keep the serving "
                f"contract: {error}. Is another model served under this name?",
            ) from error

    def _fetch_signatures(self) -> Flow[dict[str, dict[str, Any]]]:
        request = GetModelMetadataRequest(model_spec=self._spec, metadata_field=["signature_def"])
        response = yield Call(GET_MODEL_METADATA, request)
        signatures = SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        return {name: dict(s.inputs) for name, s in signatures.signature_def.items()}
