"""The PySpark side: `python -m benchmarks.data.spark JOB SAID`, in the peer's environment.

The clock starts with the session, whose start is also reported by itself.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from benchmarks.data.job import Job
from benchmarks.data.spark.features import (
    day_counts,
    read_events,
    rows,
    training_counts,
    with_windows,
)
from benchmarks.data.spark.tiles import Tiles
from benchmarks.data.spark.writing import AVAILABILITY, WRITTEN, write_catalogue, writer
from benchmarks.said import report

# Two tasks a core: enough to even out, few enough to keep tasks long.
_CORES, _PARTITIONS = 2, 4
_CONFIGURATION = {
    "spark.driver.memory": "8g",
    "spark.sql.shuffle.partitions": str(_PARTITIONS),
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
    "spark.sql.execution.replaceHashWithSortAgg": "true",
    # The driver lists some hundred folders faster than tasks do.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.adaptive.coalescePartitions.enabled": "false",
    "spark.ui.enabled": "false",
}


def main() -> None:
    """Runs the job."""
    began = time.perf_counter()
    job, said = Job.read(Path(sys.argv[1])), Path(sys.argv[2])
    # Workers are started with the interpreter that runs this.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(f"local[{_CORES}]").appName("bench-data")
    for key, value in _CONFIGURATION.items():
        builder = builder.config(key, value)
    spark = builder.config("spark.local.dir", str(Path(job.out, ".spark"))).getOrCreate()
    started = time.perf_counter()
    run(spark, job)
    ended = time.perf_counter()
    spark.stop()
    report(said, seconds=ended - began, start_seconds=started - began)


def run(spark: SparkSession, job: Job) -> None:
    """Builds and writes every split."""
    events = with_windows(read_events(spark, job, _PARTITIONS), job).persist()
    counted = {
        event_type
        for aggregate in job.aggregates_of("item")
        for event_type in (aggregate.event_type, aggregate.per)
        if event_type
    }
    tiles = Tiles.of(day_counts(events).toArrow(), training_counts(events, job).toArrow(), counted)
    users = spark.read.parquet(f"{job.log}/users.parquet")
    shared = spark.sparkContext.broadcast(tiles)
    rows(events, users, job).mapInArrow(writer(job, shared), WRITTEN).collect()
    write_catalogue(_items(job), tiles, job)


def _items(job: Job) -> pa.Table:
    features = [feature.name for feature in job.features_of("candidate")]
    path = f"{job.log}/items.parquet"
    limits = [name for name in AVAILABILITY if name in pq.read_schema(path).names]
    return pq.read_table(path, columns=["item_id", *features, *limits])


if __name__ == "__main__":
    main()
