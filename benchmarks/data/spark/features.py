"""The features of the rows in Spark SQL: window functions over users, slices of whole histories.

Events are shuffled once, by user; every window, aggregation and join after that finds its rows in
place. The two sorts that the windows need are the only ones over all events but the one that
finds repetitions. Rows of all kinds come out of one plan.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as sf

from benchmarks.data.job import (
    DAY,
    EVAL,
    HOP,
    RANK_BITS,
    RANKING,
    TRAIN,
    VALIDATION,
    Aggregate,
    Job,
)

_TRAINING, _VALIDATING, _EVALUATING = 0, 1, 2


def read_events(spark: SparkSession, job: Job, partitions: int) -> DataFrame:
    """The events, each once, shuffled by user."""
    folder = Path(job.log, "events")
    names = [file.relative_to(folder).as_posix() for file in job.event_files()]
    ranks = spark.createDataFrame(pa.table({"file": names, "rank": range(len(names))}))
    columns = ["user_id", "item_id", "event_time", "event_type"]
    columns += [feature.name for feature in job.features_of("context")]
    table = spark.read.parquet(str(folder))
    request = sf.col("request_id") if "request_id" in table.columns else sf.lit(None).cast("string")
    order = sf.shiftleft(sf.col("rank"), RANK_BITS) + sf.col("row")
    repeated = Window.partitionBy("user_id", "item_id", "event_time", "event_type")
    return (
        table.select(
            *columns,
            request.alias("request_id"),
            sf.substring_index("_metadata.file_path", "/events/", -1).alias("file"),
            sf.col("_metadata.row_index").alias("row"),
        )
        .join(sf.broadcast(ranks), "file")
        .withColumn("order", order)
        .drop("file", "rank", "row")
        .repartition(partitions, "user_id")
        .withColumn("nth", sf.row_number().over(repeated.orderBy("order")))
        .where("nth = 1")
        .drop("nth")
    )


def day_counts(events: DataFrame) -> DataFrame:
    """Events of each item, type and day, and how many of them are training behaviours."""
    day = sf.floor(sf.col("event_time") / DAY).alias("day")
    return events.groupBy("item_id", "event_type", day).agg(sf.count("*").alias("events"))


def training_counts(events: DataFrame, job: Job) -> DataFrame:
    """Training behaviours of each item."""
    training = sf.col("event_time") < job.validation_from
    behaviour = sf.col("event_type") != job.impression_type
    return events.where(training & behaviour).groupBy("item_id").agg(sf.count("*").alias("events"))


def with_windows(events: DataFrame, job: Job) -> DataFrame:
    """The events with what a request at each of them would see, and with their labels."""
    return _with_aggregates(_with_labels(events, job), job)


def rows(seen: DataFrame, users: DataFrame, job: Job) -> DataFrame:
    """All rows but the catalogue's: `split`, the query part, and the candidates of `ranking`."""
    query = [feature.name for feature in job.features_of("query")]
    requests = _behaviour_requests(seen, job).unionByName(
        _impression_requests(seen, job), allowMissingColumns=True
    )
    shown = sf.slice("behaviours", sf.col("start") + 1, sf.col("end") - sf.col("start"))
    return (
        requests.join(_histories(seen, job), "user_id", "left")
        .join(users.select("user_id", *query), "user_id", "left")
        .withColumn("shown", sf.coalesce(shown, sf.array()))
        .withColumn("history_item_id", sf.col("shown.item_id"))
        .withColumn("history_event_type", sf.col("shown.event_type"))
        .withColumn("history_time", sf.col("shown.event_time"))
        .drop("shown", "behaviours")
    )


def _period(job: Job) -> Column:
    time = sf.col("event_time")
    return (
        sf.when(time < job.validation_from, _TRAINING)
        .when(time < job.eval_from, _VALIDATING)
        .otherwise(_EVALUATING)
    )


def _behaviour(job: Job) -> Column:
    return sf.col("event_type") != job.impression_type


def _with_labels(events: DataFrame, job: Job) -> DataFrame:
    """For each event, what the user does with its item soon after, before seeing it again.

    In the simulated log whatever names a list comes before its item is shown in another one, and no
    list shows an item twice: the latest impression is then the one that is named.
    """
    # Backwards in time, the last one seen is the next one.
    after = (
        Window.partitionBy("user_id", "item_id")
        .orderBy(sf.desc("event_time"), sf.desc("order"))
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    event = sf.struct("event_time", "order")

    def following(matches: Column) -> Column:
        return sf.last(sf.when(matches, event), ignorenulls=True).over(after)

    deed = (sf.col("event_time") < job.validation_from) & _behaviour(job)
    shown_again = following(~_behaviour(job))
    wanted = {"label": deed} | {
        f"label_{kind}": deed & (sf.col("event_type") == kind) for kind in job.label_types
    }
    labels = {}
    for name, matches in wanted.items():
        done = following(matches)
        soon = done.event_time - sf.col("event_time") <= job.attribution_seconds
        credited = soon & (shown_again.isNull() | (done < shown_again))
        labels[name] = sf.coalesce(credited, sf.lit(False)).cast("float")
    return events.withColumns(labels)


def _with_aggregates(events: DataFrame, job: Job) -> DataFrame:
    """Running numbers of behaviours and the users' aggregates, before each event."""
    user = Window.partitionBy("user_id")
    ordered = user.orderBy("hour", "event_time", "order")
    before = ordered.rowsBetween(Window.unboundedPreceding, -1)
    behaviour, training = _behaviour(job), sf.col("event_time") < job.validation_from
    validating = (sf.col("event_time") >= job.validation_from) & (
        sf.col("event_time") < job.eval_from
    )
    aggregates = {a.name: _user_aggregate(a) for a in job.aggregates_of("user")}
    return (
        events.withColumn("hour", sf.floor(sf.col("event_time") / HOP))
        .withColumns(
            {
                "place": sf.count(sf.when(behaviour, 1)).over(before),
                "training": sf.count(sf.when(behaviour & training, 1)).over(user),
                "validating": sf.count(sf.when(behaviour & validating, 1)).over(user),
                **aggregates,
            }
        )
        .drop("hour")
    )


def _user_aggregate(aggregate: Aggregate) -> Column:
    """Events before this one, back to the hour on which the window's tail lies."""
    within = (
        Window.partitionBy("user_id", "hour")
        .orderBy("event_time", "order")
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    hours = aggregate.days * DAY // HOP
    earlier = Window.partitionBy("user_id").orderBy("hour").rangeBetween(-hours, -1)

    def counted(event_type: str) -> Column:
        one = sf.when(sf.col("event_type") == event_type, 1)
        return sf.count(one).over(within) + sf.count(one).over(earlier)

    count = counted(aggregate.event_type)
    if aggregate.per is None:
        return count.cast("float")
    per = counted(aggregate.per)
    return sf.when(per == 0, 0.0).otherwise(count / per).cast("float")


def _behaviour_requests(seen: DataFrame, job: Job) -> DataFrame:
    """Windows of training events, and the first behaviours of each held-out period."""
    length, place, training = job.history_length, sf.col("place"), sf.col("training")
    # A window ends at its last event, which is the first of the next one.
    ends_window = (place > 0) & ((place % length == 0) | (place == training - 1))
    nth_validating = place - training
    nth_evaluating = nth_validating - sf.col("validating")
    most = job.held_out_rows_per_user
    split = (
        sf.when((_period(job) == _TRAINING) & ends_window, TRAIN)
        .when((_period(job) == _VALIDATING) & (nth_validating < most), VALIDATION)
        .when((_period(job) == _EVALUATING) & (nth_evaluating < most), EVAL)
    )
    is_train = sf.col("split") == TRAIN
    before = sf.greatest(place - job.max_history, sf.lit(0))
    return (
        seen.where(_behaviour(job))
        .withColumn("split", split)
        .where(sf.col("split").isNotNull())
        .select(
            "split",
            "user_id",
            sf.col("event_time").alias("request_time"),
            sf.col("item_id").alias("target_item_id"),
            sf.when(is_train, sf.floor((place - 1) / length) * length)
            .otherwise(before)
            .cast("int")
            .alias("start"),
            sf.when(is_train, place + 1).otherwise(place).cast("int").alias("end"),
            *_carried(job),
        )
    )


def _impression_requests(seen: DataFrame, job: Job) -> DataFrame:
    """The latest impression lists of each user in the training period."""
    carried = ["event_time", "order", "place", *_carried(job)]
    labels = ["label", *(f"label_{kind}" for kind in job.label_types)]
    latest = Window.partitionBy("user_id").orderBy(sf.desc("first"))
    place = sf.col("first.place")
    # Without a request, what was shown in one second belongs together.
    second = sf.when(sf.col("request_id").isNull(), sf.col("event_time"))
    return (
        seen.where(~_behaviour(job) & (sf.col("event_time") < job.validation_from))
        .groupBy("user_id", "request_id", second)
        .agg(
            sf.min(sf.struct(*carried)).alias("first"),
            sf.collect_list(sf.struct("item_id", *labels)).alias("shown"),
        )
        .withColumn("nth", sf.row_number().over(latest))
        .where(sf.col("nth") <= job.ranking_rows_per_user)
        .select(
            sf.lit(RANKING).alias("split"),
            "user_id",
            sf.col("first.event_time").alias("request_time"),
            sf.greatest(place - job.history_length, sf.lit(0)).cast("int").alias("start"),
            place.cast("int").alias("end"),
            *(sf.col(f"first.{name}").alias(name) for name in _carried(job)),
            sf.col("shown.item_id").alias("candidate_item_id"),
            *(sf.col(f"shown.{name}").alias(name) for name in labels),
        )
    )


def _carried(job: Job) -> list[str]:
    """Columns that a request takes from its event."""
    context = [feature.name for feature in job.features_of("context")]
    return [*context, *(aggregate.name for aggregate in job.aggregates_of("user"))]


def _histories(events: DataFrame, job: Job) -> DataFrame:
    """Each user's behaviours in event order."""
    event = sf.struct("event_time", "order", "item_id", "event_type")
    return (
        events.where(_behaviour(job))
        .groupBy("user_id")
        .agg(sf.sort_array(sf.collect_list(event)).alias("behaviours"))
    )
