"""The peer's encoder writes what TensorFlow reads."""

import pyarrow as pa
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.data.tf_example import RecordFile, encode

TEXTS = st.text(max_size=200)
INTS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(width=32, allow_nan=False)


def expected(row):
    example = tf.train.Example()
    for name, values in row.items():
        if values is None:
            continue
        feature = example.features.feature[name]
        if name.startswith("text"):
            feature.bytes_list.value.extend(value.encode() for value in values)
        elif name.startswith("int"):
            feature.int64_list.value.extend(values)
        else:
            feature.float_list.value.extend(values)
    return {
        name: feature for name, feature in example.features.feature.items() if values_of(feature)
    }


def values_of(feature):
    kind = feature.WhichOneof("kind")
    return list(getattr(feature, kind).value) if kind else []


ROW = st.fixed_dictionaries(
    {
        "texts": st.none() | st.lists(TEXTS, max_size=5),
        "ints": st.none() | st.lists(INTS, max_size=5),
        "floats": st.none() | st.lists(FLOATS, max_size=5),
        "text": st.none() | TEXTS.map(lambda value: [value]),
        "int": st.none() | INTS.map(lambda value: [value]),
    }
)


@given(rows=st.lists(ROW, min_size=1, max_size=6))
def test_encoded_columns_are_the_examples(rows):
    types = {"texts": pa.string(), "ints": pa.int64(), "floats": pa.float32()}
    columns = {
        name: pa.array([row[name] for row in rows], pa.list_(kind)) for name, kind in types.items()
    }
    for name, kind in (("text", pa.string()), ("int", pa.int64())):
        columns[name] = pa.array([row[name] and row[name][0] for row in rows], kind)
    for record, row in zip(encode(columns), rows, strict=True):
        features = tf.train.Example.FromString(record).features.feature
        read = {name: feature for name, feature in features.items() if values_of(feature)}
        assert read == expected(row)


def test_a_file_appears_when_it_is_whole_and_tensorflow_reads_it(tmp_path):
    path = tmp_path / "new" / "rows.gz"
    file = RecordFile(path)
    file.write([b"one", b""])
    file.write([b"three" * 1000])
    assert not path.exists()
    file.close()
    assert [entry.name for entry in path.parent.iterdir()] == ["rows.gz"]
    dataset = tf.data.TFRecordDataset([str(path)], compression_type="GZIP")
    assert list(dataset.as_numpy_iterator()) == [b"one", b"", b"three" * 1000]
