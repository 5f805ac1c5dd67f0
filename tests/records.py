"""Rows as trainers and servers get them: serialized examples."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2


def declared(**kinds: type) -> dict[str, Any]:
    """Inputs as a signature declares them: name -> str or int."""
    types = {str: tf.string, int: tf.int64}
    return {
        name: meta_graph_pb2.TensorInfo(dtype=types[kind].as_datatype_enum)
        for name, kind in kinds.items()
    }


def record(**values: Any) -> bytes:
    """A serialized example of text, whole numbers or others; one value, a list, or nothing."""
    feature = {}
    for name, value in values.items():
        many = value if isinstance(value, list) else [value]
        if not many:
            feature[name] = tf.train.Feature()
        elif isinstance(many[0], str):
            data = [text.encode() for text in many]
            feature[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=data))
        elif isinstance(many[0], int):
            feature[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=many))
        else:
            feature[name] = tf.train.Feature(float_list=tf.train.FloatList(value=many))
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
