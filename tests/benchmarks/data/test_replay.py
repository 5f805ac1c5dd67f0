"""Rows against the fold, fed event by event: equal rows pass, altered ones are named."""

import dataclasses

import polars as pl
import pytest

from benchmarks.data.asking import SETTINGS, job_for
from benchmarks.data.digest import decode
from benchmarks.data.per_element import to_example
from benchmarks.data.replay import Request, item_differences, read_log, user_differences
from benchmarks.data.user_rows import Event, UserRows
from pipeline.loading import load_settings
from tests.benchmarks.data.logs import DAY, write_log


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Settings, log, and the rows that the plain definition makes of it."""
    folder = tmp_path_factory.mktemp("replay")
    log = write_log(folder / "log", users=6, events=600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_LOG", str(log))
        patch.setenv("BENCH_ROOT", str(folder))
        settings = load_settings(SETTINGS)
    job = dataclasses.replace(job_for(SETTINGS, log, folder), features=())
    events = read_log(job)
    counts = events.group_by("item_id", "event_type", pl.col("event_time") // DAY).len()
    tiles = {
        key: (part["event_time"].to_list(), part["len"].cum_sum().to_list())
        for key, part in counts.sort("event_time")
        .partition_by("item_id", "event_type", as_dict=True)
        .items()
    }
    builder = UserRows(job, tiles, dict.fromkeys(events["item_id"].unique().sort(), 1))
    raw = pl.concat(
        pl.read_parquet(file, hive_partitioning=False).with_columns(order=rank)
        for rank, file in (
            (pl.int_range(pl.len(), dtype=pl.Int64) + (rank << 40), file)
            for rank, file in enumerate(job.event_files())
        )
    )
    requests = []
    for (user,), part in raw.partition_by("user_id", as_dict=True).items():
        columns = ("event_time", "order", "item_id", "event_type", "request_id")
        log_of_user = [Event(*row, ()) for row in part.select(columns).iter_rows()]
        for split, row in builder.build(user, log_of_user, {}):
            if split != "train":
                requests.append(Request(split, user, decode(to_example(row))))
    return settings, events, requests


def found(world, requests):
    settings, events, _ = world
    return [
        *user_differences(requests, events, settings),
        *item_differences(requests, events, settings),
    ]


def test_rows_of_the_definition_are_what_the_fold_shows(world):
    requests = world[2]
    assert {request.split for request in requests} == {"ranking", "validation", "eval"}
    assert len(requests) > 50
    assert found(world, requests) == []


@pytest.mark.parametrize(
    ("name", "alter"),
    [
        ("history_item_id", lambda values: values[::-1]),
        ("history_time", lambda values: [values[0] + 1, *values[1:]]),
        ("views_28d", lambda values: [values[0] + 1.0]),
        ("item_views_7d", lambda values: [*values[:-1], values[-1] + 1.0]),
        ("item_ctr_28d", lambda values: [values[0] + 2.0**-24, *values[1:]]),
    ],
)
def test_one_altered_value_of_one_row_is_named(world, name, alter):
    requests = list(world[2])
    place = next(
        number
        for number, request in enumerate(requests)
        if alter(list(request.example.get(name, [0]))) != list(request.example.get(name, [0]))
        and len(request.example.get("history_item_id", [])) > 1
    )
    example = {**requests[place].example, name: alter(list(requests[place].example[name]))}
    requests[place] = dataclasses.replace(requests[place], example=example)
    assert found(world, requests) == [(place, name)]


def test_a_row_of_an_unknown_user_or_moment_is_named(world):
    request = world[2][0]
    stranger = dataclasses.replace(request, user="nobody")
    late = {**request.example, "request_time": [1]}
    assert (0, "user_id") in found(world, [stranger])
    assert (0, "request_time") in found(world, [dataclasses.replace(request, example=late)])
