"""Serialized examples, held against another implementation and against the format itself."""

import hashlib
import os
import subprocess
import sys

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from transform.rows.examples import serialize

TYPES = {"name": schema_pb2.BYTES, "time": schema_pb2.INT, "weight": schema_pb2.FLOAT}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.none() | st.lists(st.binary(max_size=200), max_size=4),
            "time": st.none() | st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
            "weight": st.none() | st.lists(st.floats(width=32, allow_nan=False), max_size=4),
        }
    ),
    min_size=1,
    max_size=10,
)


def batch_of(rows):
    schema = pa.schema(
        [
            ("time", pa.list_(pa.int64())),
            ("name", pa.list_(pa.binary())),
            ("weight", pa.list_(pa.float32())),
        ]
    )
    return pa.RecordBatch.from_pylist(rows, schema=schema)


@given(ROWS)
def test_a_decoder_gives_the_rows_back(rows):
    features = [schema_pb2.Feature(name=name, type=kind) for name, kind in TYPES.items()]
    schema = schema_pb2.Schema(feature=features)
    decoder = ExamplesToRecordBatchDecoder(schema.SerializeToString())
    assert decoder.DecodeBatch(serialize(batch_of(rows))).to_pylist() == rows


def test_the_bytes_are_those_of_the_format_with_features_in_order_of_name():
    (example,) = serialize(batch_of([{"time": [5], "name": [b"ab"], "weight": None}]))
    name = b"\n\x04name\x12\x06\n\x04\n\x02ab"
    time = b"\n\x04time\x12\x05\x1a\x03\n\x01\x05"
    weight = b"\n\x06weight\x12\x00"
    assert example in (
        b"\n\x1f" + b"\n\x0e" + name + b"\n\x0d" + time,
        b"\n\x2b" + b"\n\x0e" + name + b"\n\x0d" + time + b"\n\x0a" + weight,
    )


def test_long_rows_have_long_lengths():
    rows = [{"time": None, "name": [b"x" * size], "weight": None} for size in (0, 110, 127, 20_000)]
    features = [schema_pb2.Feature(name=name, type=kind) for name, kind in TYPES.items()]
    decoder = ExamplesToRecordBatchDecoder(schema_pb2.Schema(feature=features).SerializeToString())
    assert decoder.DecodeBatch(serialize(batch_of(rows))).to_pylist() == rows


def test_another_process_writes_the_same_bytes():
    program = (
        "import hashlib, pyarrow as pa\n"
        "from transform.rows.examples import serialize\n"
        "rows = [{f'f{n}': [n] for n in range(40)}] * 3\n"
        "examples = serialize(pa.RecordBatch.from_pylist(rows))\n"
        "print(hashlib.sha256(b''.join(examples)).hexdigest())"
    )
    rows = [{f"f{n}": [n] for n in range(40)}] * 3
    ours = hashlib.sha256(b"".join(serialize(pa.RecordBatch.from_pylist(rows)))).hexdigest()
    theirs = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ
    )
    assert theirs.stdout.strip() == ours
