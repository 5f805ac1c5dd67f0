import math

import pytest
import tensorflow as tf
from tensorflow_model_analysis.proto import metrics_for_slice_pb2

from components.verdict.evaluation import OVERALL, Evaluation, read_evaluation
from trainer.metrics.paired_bootstrap import Gain


def write_results(folder, results):
    """Writes (slice, model, metric, value) as TFMA does."""
    folder.mkdir(parents=True)
    by_slice = {}
    for key, model, metric, value in results:
        if key not in by_slice:
            by_slice[key] = metrics_for_slice_pb2.MetricsForSlice()
            for column, part in key:
                kind = "int64_value" if isinstance(part, int) else "bytes_value"
                data = part if isinstance(part, int) else part.encode()
                by_slice[key].slice_key.single_slice_keys.add(column=column, **{kind: data})
        entry = by_slice[key].metric_keys_and_values.add()
        entry.key.name, entry.key.model_name = metric, model.removesuffix("-")
        entry.key.is_diff = model.endswith("-")
        if isinstance(value, tuple):
            entry.value.bounded_value.value.value = value[0]
        elif isinstance(value, str):
            entry.value.bytes_value = value.encode()
        else:
            entry.value.double_value.value = value
    name = str(folder / "metrics-00000-of-00001.tfrecord")
    with tf.io.TFRecordWriter(name) as writer:
        for proto in by_slice.values():
            writer.write(proto.SerializeToString())
    return str(folder)


def test_values_by_metric_and_slice(tmp_path):
    north = (("segment", "north"),)
    uri = write_results(
        tmp_path / "evaluation",
        [
            ((), "", "auc", 0.75),
            ((), "", "example_count", 10.0),
            (north, "", "auc", 0.5),
            (north, "", "example_count", 4.0),
            ((("hour", 7),), "", "example_count", 1.0),
        ],
    )
    found = read_evaluation(uri)
    assert found.value("auc") == 0.75
    assert found.value("auc", north) == 0.5
    assert found.value("ndcg") is None
    assert found.rows(north) == 4.0
    assert found.slices == [(("hour", "7"),), north]
    assert found.blessed == {}
    assert found.gain("auc") is None


def test_two_models_and_the_gain(tmp_path):
    uri = write_results(
        tmp_path / "evaluation",
        [
            ((), "candidate", "auc", 0.6),
            ((), "baseline", "auc", 0.8),
            ((), "candidate-", "auc", -0.2),  # TFMA's own difference
            ((), "candidate", "auc_gain", -0.2),
            ((), "candidate", "auc_gain_lower", -0.24),
            ((), "candidate", "auc_gain_upper", -0.16),
            ((), "candidate", "auc_gain_error", 0.02),
        ],
    )
    found = read_evaluation(uri)
    assert found.value("auc") == 0.6
    assert found.blessed == {"auc": {OVERALL: 0.8}}
    assert found.gain("auc") == pytest.approx((-0.25, -0.3, -0.2, 0.025))
    assert found.candidate == {"auc": {OVERALL: 0.6}}  # gains are no metrics of the candidate


def test_a_share_of_zero_cannot_be_told():
    gains = {"auc": {OVERALL: Gain(0.5, 0.4, 0.6, 0.05)}}
    found = Evaluation({"auc": {OVERALL: 0.5}}, {"auc": {OVERALL: 0.0}}, gains)
    assert found.gain("auc") is None


def test_a_gain_in_calibration_has_no_unit():
    gains = {"calibration": {OVERALL: Gain(-0.1, -0.12, -0.08, 0.01)}}
    found = Evaluation({}, {"calibration": {OVERALL: 2.0}}, gains)
    assert found.gain("calibration") == gains["calibration"][OVERALL]


def test_bounded_values_and_values_that_are_no_number(tmp_path):
    results = [((), "", "auc", (0.7,)), ((), "", "text", "oops")]
    found = read_evaluation(write_results(tmp_path / "evaluation", results))
    assert found.value("auc") == pytest.approx(0.7)
    assert math.isnan(found.value("text"))
