"""Tests of the check that a SavedModel holds stock operations alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from trainer.recommender.stock_ops import (
    ForeignOpError,
    Place,
    foreign_ops,
    require_stock_ops,
    stock_ops,
)


class Model(tf.Module):
    """A table, a branch, a loop and functions that call each other."""

    def __init__(self) -> None:
        super().__init__()
        self.table = tf.Variable(tf.random.normal([10, 4]))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64)])
    def serve(self, ids: tf.Tensor) -> dict[str, tf.Tensor]:
        found = tf.cond(tf.size(ids) > 3, lambda: self.rows(ids), lambda: self.rows(ids) * 2.0)
        sums = tf.map_fn(tf.reduce_sum, found)
        return {"best": tf.math.top_k(sums, 1).indices}

    @tf.function
    def rows(self, ids: tf.Tensor) -> tf.Tensor:
        return tf.gather(self.table, ids)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = Model()
    tf.saved_model.save(model, str(tmp_path), signatures=model.serve)
    return tmp_path


def edit(folder: Path, change: Any) -> None:
    path = folder / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(saved.meta_graphs[0].graph_def)
    path.write_bytes(saved.SerializeToString())


def test_a_model_of_core_operations_passes(folder: Path) -> None:
    require_stock_ops(folder)


def test_a_foreign_operation_in_the_graph_is_found(folder: Path) -> None:
    edit(folder, lambda graph: graph.node.add(name="decode", op="DecodeProtoSparseV4"))
    assert foreign_ops(folder) == [Place("DecodeProtoSparseV4", "decode", "")]
    with pytest.raises(
        ForeignOpError, match=r"may only hold .* Received: DecodeProtoSparseV4 \(node decode\)\."
    ):
        require_stock_ops(folder)


def test_a_foreign_operation_in_a_function_is_found(folder: Path) -> None:
    """Also in a branch that no request takes: the server refuses the whole model."""

    def rename(graph: Any) -> None:
        (node, *_), function = next(
            ([node for node in function.node_def if node.op == "ResourceGather"], function)
            for function in graph.library.function
            if any(node.op == "ResourceGather" for node in function.node_def)
        )
        node.op = "Scann>ScannSearch"
        renamed.append(Place(node.op, node.name, function.signature.name))

    renamed: list[Place] = []
    edit(folder, rename)
    assert foreign_ops(folder) == renamed
    with pytest.raises(ForeignOpError, match=rf"of function {renamed[0].function}\)"):
        require_stock_ops(folder)


def test_a_message_about_many_operations_stays_short(folder: Path) -> None:
    def add(graph: Any) -> None:
        for index in range(9):
            graph.node.add(name=f"n{index}", op="Foreign")

    edit(folder, add)
    with pytest.raises(ForeignOpError, match=r"Foreign \(node n4\) and 4 more\."):
        require_stock_ops(folder)


def test_a_call_back_into_python_is_foreign(tmp_path: Path) -> None:
    """It is registered in every TensorFlow, and runs in none but this one."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def serve(x: tf.Tensor) -> tf.Tensor:
        return tf.numpy_function(lambda value: value, [x], tf.float32)

    module = tf.Module()
    module.serve = serve
    tf.saved_model.save(module, str(tmp_path))
    assert {place.op for place in foreign_ops(tmp_path)} == {"PyFunc"}


def test_the_list_holds_core_and_text_operations_and_no_others() -> None:
    assert {"MatMul", "TopKV2", "ResourceGather", "StatefulPartitionedCall"} < stock_ops()
    assert {"WordpieceTokenizeWithOffsets", "TFText>NgramsStringJoin"} < stock_ops()
    assert not {op for op in stock_ops() if op.startswith(("_", "Xla", "TPU"))}
    assert not {"PyFunc", "EagerPyFunc", "DecodeProtoSparseV4"} & stock_ops()
