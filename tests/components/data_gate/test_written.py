"""The written rows, held against those that the log gives."""

import numpy as np
import polars as pl
import pytest

from components.data_gate.certificate import builder
from components.data_gate.declared import Declared
from components.data_gate.sub_log import first_users
from components.data_gate.written import compare_with_written
from tests.transform.logs import frame, taken
from transform.event_log import EventLog
from transform.features import Feature
from transform.job.shards import write_shard
from transform.rows.build import build_rows
from transform.rows.shop import Shop
from transform.settings import ExampleSettings, SplitSettings
from transform.splits import assign_periods

AGE = Feature(name="age", side="query", kind="number")
USERS = pl.DataFrame({"user_id": [f"u{n}" for n in range(12)], "age": [None, *range(20, 31)]})
BEHAVIOURS = [
    (f"u{u}", f"i{(u * 3 + n) % 20}", 100 * n + u, "view") for u in range(12) for n in range(8)
]
IMPRESSIONS = [
    (u, f"i{int(i[1:]) + n}", t - 5, "impression") for u, i, t, _ in BEHAVIOURS for n in (0, 1)
]
DECLARED = Declared(
    (AGE,), (), SplitSettings(protocol="leave_one_out"), ExampleSettings(candidates=5), seed=3
)
LOGS = {"sampled": BEHAVIOURS, "shown": sorted(BEHAVIOURS + IMPRESSIONS)}


def divided(rows):
    log = EventLog.of(frame(rows), None, DECLARED.examples.impression_type)
    return log.with_period(assign_periods(log.histories, DECLARED.split)).decode()


def write(folder, rows):
    """Writes the rows of a whole log in two shards; answers with the folders of each split."""
    log = EventLog.of(divided(rows), USERS, DECLARED.examples.impression_type)
    shop = Shop.close(log, DECLARED.features, DECLARED.split, DECLARED.examples, DECLARED.seed)
    for number, half in enumerate(np.array_split(np.arange(len(log.histories.users)), 2)):
        for split, batch in build_rows(taken(log.histories, half), shop).items():
            write_shard(batch, str(folder), split, number, 2)
    return {split: [str(folder / f"Split-{split}")] for split in ("train", "ranking")}


def compared(rows, uris, count=7):
    users = first_users(uris["train"], count)
    events = divided(rows)
    sample = events.filter(pl.col("user_id").is_in(users[: count - 1]))
    expected = builder(DECLARED, USERS)(sample, DECLARED.examples)
    shown = any(kind == "impression" for *_, kind in rows)
    found = compare_with_written(expected, uris, users, DECLARED, shown=shown)
    assert found.rows["train"] == count - 1
    return found


@pytest.fixture(params=LOGS)
def log(request):
    return LOGS[request.param]


def test_rows_as_the_log_gives_them_pass(tmp_path, log):
    found = compared(log, write(tmp_path, log))
    assert found.changed == {}
    assert found.rows["ranking"] >= 6


def test_rows_of_another_log_are_named_by_feature(tmp_path, log):
    uris = write(tmp_path, [(u, i, t + 1, kind) for u, i, t, kind in log])
    assert set(compared(log, uris).changed) == {
        (split, name) for split in ("train", "ranking") for name in ("history_time", "request_time")
    }


def test_rows_that_were_not_written_are_missed(tmp_path, log):
    less = [row for row in log if row[2] < 600]
    uris = write(tmp_path, log)
    uris["ranking"] = write(tmp_path / "less", less)["ranking"]
    assert compared(log, uris).changed["ranking", "number_of_rows"] > 0


def test_rows_that_were_written_without_reason_are_found(tmp_path, log):
    more = [
        *log,
        *((f"u{n}", "i1", 5, kind) for n in range(12) for kind in {row[3] for row in log}),
    ]
    uris = write(tmp_path, log)
    uris["ranking"] = write(tmp_path / "more", sorted(more))["ranking"]
    assert compared(log, uris).changed["ranking", "number_of_rows"] > 0
