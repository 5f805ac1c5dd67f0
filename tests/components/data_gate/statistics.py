"""Statistics of a column as StatisticsGen writes them, from its values."""

import itertools

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2

Feature = statistics_pb2.FeatureNameStatistics


def numbers(values, *, missing=0, nan=0, name="x"):
    """A numeric feature with one value a row."""
    feature = Feature(path={"step": [name]}, type=Feature.FLOAT)
    common = feature.num_stats.common_stats
    common.num_non_missing, common.num_missing = len(values) + nan, missing
    common.tot_num_values, common.max_num_values = len(values) + nan, 1
    # Ten equal widths as well, which must not be taken for the quantiles.
    wide = feature.num_stats.histograms.add(type=statistics_pb2.Histogram.STANDARD)
    wide.buckets.add(low_value=0, high_value=1, sample_count=len(values))
    histogram = feature.num_stats.histograms.add(type=statistics_pb2.Histogram.QUANTILES)
    histogram.CopyFrom(quantiles(values))
    histogram.num_nan = nan
    return feature


def categories(counts, *, lengths=(1,), name="c"):
    """A feature of text: value -> count; values of each row by number."""
    feature = Feature(path={"step": [name]}, type=Feature.STRING)
    common = feature.string_stats.common_stats
    common.tot_num_values = sum(counts.values())
    common.max_num_values = max(lengths)
    common.num_values_histogram.CopyFrom(quantiles(lengths))
    feature.string_stats.unique = len(counts)
    for value, count in counts.items():
        feature.string_stats.rank_histogram.buckets.add(label=value, sample_count=count)
    return feature


def quantiles(values, buckets=100):
    """A histogram of quantiles; empty without a value."""
    histogram = statistics_pb2.Histogram(type=statistics_pb2.Histogram.QUANTILES)
    if len(values):
        ends = np.quantile(values, np.linspace(0, 1, buckets + 1), method="inverted_cdf")
        for low, high in itertools.pairwise(ends):
            count = len(values) / buckets
            histogram.buckets.add(low_value=low, high_value=high, sample_count=count)
    return histogram


def dataset(rows, *features, users=None):
    """Statistics of a split; with `users` different ids, if it has any."""
    found = statistics_pb2.DatasetFeatureStatistics(num_examples=rows)
    found.features.extend(features)
    if users:
        found.features.add().CopyFrom(categories({"u": rows}, name="user_id"))
        found.features[-1].string_stats.unique = users
    return found
