"""A signature of a SavedModel, and the check of a request against it.

The codes are TensorFlow Serving's; the texts name the rule, the value received and the fix.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import grpc
from numpy.typing import NDArray
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.model_server.errors import RequestError, invalid_argument
from serving.tensors import dtype_name, from_proto


@dataclasses.dataclass(frozen=True)
class TensorSpec:
    """One input or output: the tensor in the graph, and what it must look like.

    Attributes:
        tensor: Name of the tensor in the graph, such as `recommend_user_id:0`.
        dtype: DataType enum value.
        shape: Sizes, -1 where any is allowed; None where even the rank is free.
    """

    tensor: str
    dtype: int
    shape: tuple[int, ...] | None

    def allows(self, shape: Sequence[int]) -> bool:
        """True when an array of this shape may be fed."""
        return self.shape is None or (
            len(shape) == len(self.shape)
            and all(want in (-1, got) for want, got in zip(self.shape, shape, strict=True))
        )

    def __str__(self) -> str:
        sizes = (
            "any" if self.shape is None else ",".join("?" if n < 0 else str(n) for n in self.shape)
        )
        return f"{dtype_name(self.dtype)} [{sizes}]"


@dataclasses.dataclass(frozen=True)
class Signature:
    """Name, inputs and outputs of one signature.

    Attributes:
        name: Its name.
        inputs: What it takes.
        outputs: What it gives.
        defaults: Values of the inputs that a request may leave out.
    """

    name: str
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    defaults: Mapping[str, tensor_pb2.TensorProto]

    @classmethod
    def from_proto(cls, name: str, signature: meta_graph_pb2.SignatureDef) -> Signature:
        """The signature that a SavedModel declares."""
        return cls(
            name, _specs(signature.inputs), _specs(signature.outputs), dict(signature.defaults)
        )

    def feeds(self, inputs: Mapping[str, tensor_pb2.TensorProto]) -> list[NDArray[Any]]:
        """The arrays to feed, in the order of `self.inputs`.

        Raises:
            RequestError: INVALID_ARGUMENT for a missing or unknown input, a wrong dtype or shape.
        """
        self._check_names(inputs)
        return [
            self._feed(name, spec, inputs[name] if name in inputs else self.defaults[name])
            for name, spec in self.inputs.items()
        ]

    def arrange(self, arrays: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """As `feeds`, for arrays that have the dtypes of the inputs.

        Raises:
            RequestError: INVALID_ARGUMENT for a missing or unknown input, or a wrong shape.
        """
        self._check_names(arrays)
        return [
            self._check_shape(name, spec, arrays[name])
            if name in arrays
            else self._feed(name, spec, self.defaults[name])
            for name, spec in self.inputs.items()
        ]

    def fetches(self, output_filter: Sequence[str]) -> list[str]:
        """Names of the outputs to compute, in order: those of the filter, or all.

        Raises:
            RequestError: INVALID_ARGUMENT for an unknown or repeated name.
        """
        names = list(output_filter) or list(self.outputs)
        unknown = sorted(set(names) - set(self.outputs))
        if unknown:
            raise invalid_argument(
                f"output_filter names what signature {self.name!r} does not return: "
                f"{_names(unknown)}. Choose from {_names(self.outputs)}"
            )
        if len(set(names)) < len(names):
            raise invalid_argument(
                f"output_filter may name an output once, received {_names(names)}"
            )
        return [name for name in self.outputs if name in names]

    def has_rows(self, fetches: Iterable[str]) -> bool:
        """True when requests can be joined along the first dimension of inputs and outputs.

        Inputs without any dimension are allowed beside those with one.
        """
        batched = [spec.shape for spec in self.inputs.values() if spec.shape != ()]
        shapes = [*batched, *(self.outputs[name].shape for name in fetches)]
        return bool(batched) and all(shape and shape[0] == -1 for shape in shapes)

    def _check_names(self, names: Collection[str]) -> None:
        if self.inputs.keys() == set(names):
            return
        missing = sorted(set(self.inputs) - set(names) - set(self.defaults))
        unknown = sorted(set(names) - set(self.inputs))
        if missing or unknown:
            raise invalid_argument(
                f"the inputs do not match signature {self.name!r}. "
                f"Sent extra: {_names(unknown)}. Missing but required: {_names(missing)}. "
                f"Send exactly: {self._listing()}"
            )

    def _feed(self, name: str, spec: TensorSpec, proto: tensor_pb2.TensorProto) -> NDArray[Any]:
        if proto.dtype != spec.dtype:
            raise invalid_argument(
                f"{self._where(name)} must be {spec}, received {dtype_name(proto.dtype)}. "
                f"Send it as {dtype_name(spec.dtype)}"
            )
        try:
            array = from_proto(proto)
        except ValueError as error:
            raise invalid_argument(
                f"{self._where(name)} must be {spec}, received: {error}"
            ) from error
        return self._check_shape(name, spec, array)

    def _check_shape(self, name: str, spec: TensorSpec, array: NDArray[Any]) -> NDArray[Any]:
        if not spec.allows(array.shape):
            raise invalid_argument(
                f"{self._where(name)} must be {spec}, received shape {list(array.shape)}. "
                "Give every dimension the size the signature asks for"
            )
        return array

    def _where(self, name: str) -> str:
        return f"input {name!r} of signature {self.name!r}"

    def _listing(self) -> str:
        return ", ".join(f"{name} {spec}" for name, spec in sorted(self.inputs.items()))


def unknown_signature(name: str, known: Iterable[str]) -> RequestError:
    """The error for a signature that the model does not have."""
    return RequestError(
        grpc.StatusCode.FAILED_PRECONDITION,
        f"Serving signature key {name!r} not found. Set model_spec.signature_name to one of "
        f"{_names(known)}",
    )


def _specs(infos: Mapping[str, meta_graph_pb2.TensorInfo]) -> dict[str, TensorSpec]:
    return {name: _spec(info) for name, info in sorted(infos.items())}


def _spec(info: meta_graph_pb2.TensorInfo) -> TensorSpec:
    shape = info.tensor_shape
    sizes = None if shape.unknown_rank else tuple(dim.size for dim in shape.dim)
    return TensorSpec(info.name, info.dtype, sizes)


def _names(names: Iterable[str]) -> str:
    return "{" + ", ".join(sorted(names)) + "}"
