"""What a signature allows. The checks themselves are seen over gRPC in test_prediction_service."""

import pytest
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.model_server.signatures import Signature, TensorSpec


@pytest.mark.parametrize(
    ("declared", "shape", "allowed"),
    [
        ((-1, 3), (5, 3), True),
        ((-1, 3), (0, 3), True),
        ((-1, 3), (5, 4), False),
        ((-1, 3), (3,), False),
        ((), (), True),
        ((), (1,), False),
        (None, (4, 4), True),
    ],
)
def test_a_shape_is_allowed_where_every_size_matches(declared, shape, allowed):
    assert TensorSpec("x:0", types_pb2.DT_FLOAT, declared).allows(shape) is allowed


@pytest.mark.parametrize(
    ("shape", "text"), [((-1, 3), "string [?,3]"), ((), "string []"), (None, "string [any]")]
)
def test_a_spec_reads_as_people_write_it(shape, text):
    assert str(TensorSpec("x:0", types_pb2.DT_STRING, shape)) == text


def test_a_signature_is_read_from_its_proto():
    proto = meta_graph_pb2.SignatureDef()
    proto.inputs["x"].name = "x:0"
    proto.inputs["x"].dtype = types_pb2.DT_INT64
    proto.inputs["x"].tensor_shape.dim.add(size=-1)
    proto.outputs["y"].name = "y:0"
    proto.outputs["y"].dtype = types_pb2.DT_FLOAT
    proto.outputs["y"].tensor_shape.unknown_rank = True
    signature = Signature.from_proto("f", proto)
    assert signature.inputs == {"x": TensorSpec("x:0", types_pb2.DT_INT64, (-1,))}
    assert signature.outputs == {"y": TensorSpec("y:0", types_pb2.DT_FLOAT, None)}


def test_outputs_come_in_declared_order_whatever_the_filter():
    spec = TensorSpec("x:0", types_pb2.DT_FLOAT, ())
    signature = Signature("f", {}, {"a": spec, "b": spec, "c": spec}, {})
    assert signature.fetches([]) == ["a", "b", "c"]
    assert signature.fetches(["c", "a"]) == ["a", "c"]
