"""Transformed rows as tf.data: reading, and one worker's share of each global batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from transform import features as keys

Row = dict[str, Any]

_SHUFFLE_ROWS = 50_000
_TIME_ROWS = 4096


def read_rows(
    patterns: Sequence[str], transform: tft.TFTransformOutput, *, batch_size: int
) -> tf.data.Dataset:
    """Batches of transformed rows, in file order; the last batch may be smaller.

    Args:
        patterns: Globs of gzipped TFRecord files, as TFX Trainer hands them over.
        transform: The transform graph whose feature spec the rows follow.
        batch_size: Rows a batch.

    Raises:
        ValueError: No file matches.
    """
    records = _records(patterns)
    return _parse(records.batch(batch_size), transform).prefetch(tf.data.AUTOTUNE)


def training_batches(
    patterns: Sequence[str],
    transform: tft.TFTransformOutput,
    *,
    batch_size: int,
    workers: int,
    worker: int,
    replicas: int,
    seed: int,
    skip: int = 0,
) -> tf.data.Dataset:
    """Endless shuffled batches, one for each replica of this worker a step.

    Every worker shuffles alike and then takes its own slice, so n workers together see exactly
    the batches that one worker would.

    Args:
        patterns: Globs of gzipped TFRecord files.
        transform: The transform graph whose feature spec the rows follow.
        batch_size: Rows of the global batch; must be a multiple of `replicas`.
        workers: Number of workers.
        worker: Index of this worker.
        replicas: Number of replicas over all workers (one a worker on CPUs, one a GPU).
        seed: Seed of the order.
        skip: Global batches to leave out at the beginning: those that a training which is started
            again has learned from before.
    """
    if batch_size % replicas:
        raise ValueError(
            f"The global batch must divide evenly over the replicas. Received: batch_size "
            f"{batch_size}, replicas {replicas}. Choose a multiple of {replicas}."
        )
    share = batch_size // workers
    shuffled = _records(patterns).cache().shuffle(_SHUFFLE_ROWS, seed=seed).repeat()
    mine = (
        shuffled.batch(batch_size)
        .skip(skip)
        .map(lambda batch: batch[worker * share : (worker + 1) * share])
    )
    if replicas > workers:
        mine = mine.unbatch().batch(batch_size // replicas)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return _parse(mine, transform).prefetch(2).with_options(options)


def count_rows(patterns: Sequence[str]) -> int:
    """Number of rows in all files."""
    zero = tf.constant(0, tf.int64)
    return int(_records(patterns).reduce(zero, lambda total, _: total + 1).numpy())


def last_time(patterns: Sequence[str], transform: tft.TFTransformOutput) -> int:
    """The latest time that any row holds, unix seconds."""
    spec = transform.transformed_feature_spec()
    times = {key: spec[key] for key in (keys.HISTORY_TIME, keys.REQUEST_TIME)}

    def later(latest: tf.Tensor, records: tf.Tensor) -> tf.Tensor:
        row = tf.io.parse_example(records, times)
        asked = tf.reshape(row[keys.REQUEST_TIME], [-1])
        found = tf.concat([row[keys.HISTORY_TIME].flat_values, asked, [latest]], axis=0)
        return tf.reduce_max(found)

    records = _records(patterns).batch(_TIME_ROWS)
    return int(records.reduce(tf.constant(0, tf.int64), later).numpy())


def _records(patterns: Sequence[str]) -> tf.data.Dataset:
    files = sorted(name for pattern in patterns for name in tf.io.gfile.glob(pattern))
    if not files:
        raise ValueError(f"No file of transformed rows was found. Received: {list(patterns)}.")
    return tf.data.TFRecordDataset(files, compression_type="GZIP")


def _parse(batches: tf.data.Dataset, transform: tft.TFTransformOutput) -> tf.data.Dataset:
    spec = transform.transformed_feature_spec()
    return batches.map(
        lambda records: tf.io.parse_example(records, spec), num_parallel_calls=tf.data.AUTOTUNE
    )
