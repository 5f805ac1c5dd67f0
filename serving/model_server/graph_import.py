"""The graph of a SavedModel, imported in pieces.

TensorFlow keeps the interpreter to itself while it imports a graph: for a recommender more than
100 ms, in which no call is answered. Most of it goes to the signatures, in whose bodies it infers
shapes, and to the library of functions. Here each of these is imported by itself, and calls are
answered in between.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator
from typing import TypeVar

import tensorflow as tf
from tensorflow.core.framework import graph_pb2, node_def_pb2
from tensorflow.core.protobuf import meta_graph_pb2

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
PAUSES = 3.0

Piece = TypeVar("Piece")


def import_graph(
    graph: tf.Graph, meta_graph: meta_graph_pb2.MetaGraphDef, *, pauses: float = PAUSES
) -> tf.compat.v1.train.Saver | None:
    """Import what a SavedModel computes, and leave the interpreter to others most of the time.

    Args:
        graph: An empty graph.
        meta_graph: The graph to import, with its signatures.
        pauses: How long others have the interpreter after each piece, over the time that it took.

    Returns:
        What restores its variables; None where it has none.
    """
    calls = _signature_calls(meta_graph)
    with graph.as_default():
        for function in _one_by_one(_functions(meta_graph.graph_def), pauses):
            tf.graph_util.import_graph_def(function, name="")
        saver = tf.compat.v1.train.import_meta_graph(_without(meta_graph, calls))
        for call in _one_by_one(calls.values(), pauses):
            inputs = {name: graph.get_tensor_by_name(_tensor_name(name)) for name in call.input}
            piece = graph_pb2.GraphDef(versions=meta_graph.graph_def.versions, node=[call])
            tf.graph_util.import_graph_def(piece, name="", input_map=inputs)
    return saver


def _one_by_one(pieces: Iterable[Piece], pauses: float) -> Iterator[Piece]:
    """The pieces; after each a pause, in which the calls that had to wait are answered."""
    for piece in pieces:
        began = time.monotonic()
        yield piece
        time.sleep(pauses * (time.monotonic() - began))


def _functions(definition: graph_pb2.GraphDef) -> Iterator[graph_pb2.GraphDef]:
    """Graphs without nodes that have one function each."""
    for function in definition.library.function:
        piece = graph_pb2.GraphDef(versions=definition.versions)
        piece.library.function.append(function)
        yield piece


def _signature_calls(meta_graph: meta_graph_pb2.MetaGraphDef) -> dict[str, node_def_pb2.NodeDef]:
    """The calls of functions that give signatures their outputs, and nothing else an input.

    One with a control input is not among them: an import cannot map it to what is there already.
    """
    nodes = meta_graph.graph_def.node
    outputs = {
        _node_name(tensor.name)
        for signature in meta_graph.signature_def.values()
        for tensor in signature.outputs.values()
    }
    inputs = {_node_name(name) for node in nodes for name in node.input}
    return {
        node.name: node
        for node in nodes
        if node.op in _CALLS
        and node.name in outputs - inputs
        and not any(name.startswith("^") for name in node.input)
    }


def _without(
    meta_graph: meta_graph_pb2.MetaGraphDef, left_out: Container[str]
) -> meta_graph_pb2.MetaGraphDef:
    """The same without some nodes, and without functions."""
    rest = meta_graph_pb2.MetaGraphDef()
    rest.CopyFrom(meta_graph)
    rest.graph_def.library.ClearField("function")
    rest.graph_def.ClearField("node")
    rest.graph_def.node.extend(
        node for node in meta_graph.graph_def.node if node.name not in left_out
    )
    return rest


def _tensor_name(name: str) -> str:
    """The full name of an input, which may leave out that it is the first output of a node."""
    return name if ":" in name else f"{name}:0"


def _node_name(tensor: str) -> str:
    return tensor.removeprefix("^").split(":")[0]
