"""The reliability diagram of an evaluation -> bins, read from TFMA's plots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorflow_model_analysis.proto import metrics_for_slice_pb2
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer as writer

from components.report.facts import CalibrationBin

_CANDIDATE_MODELS = ("", "candidate")  # the other one is the blessed model it is compared with


def read_calibration(evaluation_uri: str) -> tuple[CalibrationBin, ...]:
    """The overall bins of the candidate model, by rising score.

    Args:
        evaluation_uri: Folder that TFMA wrote.

    Returns:
        Bins that hold a candidate; none where the evaluation drew no such diagram.
    """
    if not any(Path(evaluation_uri).glob("plots*")):
        return ()
    found = [
        bucket
        for record in writer.load_and_deserialize_plots(evaluation_uri)
        if not record.slice_key.single_slice_keys
        for bucket in _buckets(record)
    ]
    bins = [
        CalibrationBin(
            count=count,
            predicted=bucket.total_weighted_refined_prediction.value / count,
            observed=bucket.total_weighted_label.value / count,
        )
        for bucket in found
        if (count := bucket.num_weighted_examples.value) > 0
    ]
    return tuple(sorted(bins, key=lambda part: part.predicted))


def _buckets(record: metrics_for_slice_pb2.PlotsForSlice) -> Iterator[Any]:
    for plot in record.plot_keys_and_values:
        if plot.key.model_name in _CANDIDATE_MODELS:
            yield from plot.value.calibration_histogram_buckets.buckets
