"""One model on a server: the flows that ask it, and what a client remembers of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, TypeVar

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

# How often signatures are asked for anew, and each version by its own. Two servers take calls in
# turns, so that the same number of calls would always come to the same one: one and two differ.
_ROUNDS = 3
_TRIES = 2


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


class _Declared(NamedTuple):
    """A version, and its signatures: name -> inputs (name -> TensorInfo)."""

    version: int
    signatures: Mapping[str, Mapping[str, Any]]


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
        self._declared: _Declared | None = None

    def ask(self, question: Question[Value]) -> Flow[Answered[Value]]:
        """One Predict call, repeated where another version has another signature."""
        declared = self._declared or (yield from self._declare())
        try:
            return (yield from self._predict(question, self._request(question, declared)))
        except ServingError as error:
            if error.code != "INVALID_ARGUMENT":
                raise
            refused = error
        return (yield from self._ask_anew(question, refused))

    def signature(self, name: str) -> Flow[Mapping[str, Any]]:
        """Inputs of a signature as the server declares them: name -> TensorInfo."""
        declared = self._declared or (yield from self._declare())
        return self._inputs(name, declared)

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

    def _ask_anew(self, question: Question[Value], refused: ServingError) -> Flow[Answered[Value]]:
        """Asks each version by its own signature.

        While a version comes, servers behind one address differ in what they have: who declares a
        signature need not be who is asked by it. So the version is named, and a server that has not
        got it is passed over.
        """
        for _ in range(_ROUNDS):
            declared = yield from self._declare()
            try:
                request = self._request(question, declared, named=True)
            except ServingError:
                continue  # not for this version; the next server may have another
            for _ in range(_TRIES):
                try:
                    return (yield from self._predict(question, request))
                except ServingError as error:
                    if error.code != "NOT_FOUND":
                        raise
        raise refused

    def _inputs(self, name: str, declared: _Declared) -> Mapping[str, Any]:
        if name not in declared.signatures:
            raise ServingError(
                "INVALID_ARGUMENT",
                f"model {self.name!r} has no signature {name!r}; it has "
                f"{sorted(declared.signatures)}",
            )
        return declared.signatures[name]

    def _request(
        self, question: Question[Value], declared: _Declared, *, named: bool = False
    ) -> Any:
        """The request that a version takes; with `named` it is for that version alone."""
        spec = {"name": self.name, "version": {"value": declared.version}} if named else self._spec
        request = PredictRequest(model_spec={**spec, "signature_name": question.signature})
        inputs = self._inputs(question.signature, declared)
        try:
            fill_inputs(request.inputs, question.inputs, inputs)
        except InputError as error:
            raise ServingError("INVALID_ARGUMENT", str(error)) from error
        return request

    def _predict(self, question: Question[Value], request: Any) -> Flow[Answered[Value]]:
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

    def _declare(self) -> Flow[_Declared]:
        """Asks for the signatures, and keeps them."""
        request = GetModelMetadataRequest(model_spec=self._spec, metadata_field=["signature_def"])
        response = yield Call(GET_MODEL_METADATA, request)
        signatures = SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        inputs = {name: dict(s.inputs) for name, s in signatures.signature_def.items()}
        self._declared = _Declared(response.model_spec.version.value, inputs)
        return self._declared
