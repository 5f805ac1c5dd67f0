"""Holds a SavedModel against the operations of an unmodified TensorFlow Serving.

A server in Python runs more than the real one: every library that is imported may register
operations of its own (TFX, struct2tensor, ScaNN), and `tf.py_function` calls back into Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tensorflow.core.protobuf import saved_model_pb2

_LIST = Path(__file__).with_name("stock_ops.txt")
_NAMED = 5  # places that a message names


class ForeignOpError(ValueError):
    """A graph holds operations that TensorFlow Serving does not know."""


class Place(NamedTuple):
    """Where an operation stands.

    Attributes:
        op: Name of the operation.
        node: Name of its node.
        function: The function that holds the node; "" in the graph itself.
    """

    op: str
    node: str
    function: str

    def __str__(self) -> str:
        within = f" of function {self.function}" if self.function else ""
        return f"{self.op} (node {self.node}{within})"


@cache
def stock_ops() -> frozenset[str]:
    """Names of the operations that TensorFlow Serving can run on a processor."""
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def foreign_ops(model: Path) -> list[Place]:
    """Nodes of a SavedModel whose operation is neither stock nor a function of the model.

    Args:
        model: Folder of the SavedModel. Every graph in it is read, and every function, called or
            not: the server registers them all.
    """
    saved = saved_model_pb2.SavedModel.FromString((model / "saved_model.pb").read_bytes())
    found = []
    for meta_graph in saved.meta_graphs:
        library = meta_graph.graph_def.library.function
        known = stock_ops() | {function.signature.name for function in library}
        found += [place for place in _places(meta_graph.graph_def) if place.op not in known]
    return found


def require_stock_ops(model: Path) -> None:
    """Checks that TensorFlow Serving can run a SavedModel.

    Args:
        model: Folder of the SavedModel.

    Raises:
        ForeignOpError: It holds a foreign operation; the message names operations and nodes.
    """
    found = foreign_ops(model)
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise ForeignOpError(
            "A served graph may only hold operations of an unmodified TensorFlow Serving (core "
            f"TensorFlow and TF Text). Received: {', '.join(map(str, found[:_NAMED]))}{more}. "
            "Express them in core operations, or compute their result before the model is saved."
        )


def _places(graph: Any) -> Iterator[Place]:
    for node in graph.node:
        yield Place(node.op, node.name, "")
    for function in graph.library.function:
        for node in function.node_def:
            yield Place(node.op, node.name, function.signature.name)
