"""The job writes what the log in memory gives, however it is divided."""

import itertools
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transform.jobs import log_of, make_job, read_rows, run_job
from tests.transform.logs import LEAVE_ONE_OUT, frame
from transform.aggregates import Aggregate
from transform.errors import DataError
from transform.event_log import EventLog
from transform.features import Feature
from transform.rows.build import build_rows
from transform.rows.examples import serialize
from transform.rows.shop import Shop
from transform.settings import ExampleSettings, SplitSettings, Table
from transform.splits import assign_periods

SPLITS = ("train", "ranking", "validation", "eval")
BY_TIME = SplitSettings(protocol="time", eval_fraction=0.2, validation_fraction=0.2)
UNPROMPTED = BY_TIME.model_copy(update={"held_out": "unprompted"})
AGGREGATES = (
    Aggregate(name="views_1h", of="user", count="view", window="1h"),
    Aggregate(name="item_views", of="item", count="view", window="1d"),
)

events = st.lists(
    st.tuples(
        st.sampled_from(["heavy", "heavy", "heavy", "u", "v", "w"]),
        st.sampled_from("abcdef"),
        st.integers(0, 200_000),
        st.sampled_from(["view", "buy", "impression"]),
    ),
    min_size=12,
    max_size=60,
)


def shape(partition_events):
    return ExampleSettings(
        history_length=3,
        candidates=3,
        max_history=6,
        partition_events=partition_events,
        labels=("buy",),
        ranking_rows_per_user=5,
    )


def in_memory(log, split):
    """Split -> serialized rows, by the code of the rows alone."""
    events = EventLog.of(log, impression_type="impression")
    events = events.with_period(assign_periods(events.histories, split))
    shop = Shop.close(events, (), split, shape(1), 3, AGGREGATES)
    batches = build_rows(events.histories, shop)
    return {name: sorted(serialize(batch)) for name, batch in batches.items()}


def by_job(folder, frames, split, partition_events):
    job = make_job(
        folder,
        log_of(folder / "log", *frames),
        split=split,
        examples=shape(partition_events),
        aggregates=AGGREGATES,
    )
    facts = run_job(job)
    return {name: read_rows(job, name) for name in SPLITS}, facts


@pytest.mark.slow
@given(events, st.sampled_from([LEAVE_ONE_OUT, BY_TIME]), st.integers(2, 40))
@settings(max_examples=30, deadline=None)
def test_rows_do_not_depend_on_the_partitions(rows, split, partition_events):
    log = frame(rows)
    with tempfile.TemporaryDirectory() as folder:
        try:
            expected = in_memory(log, split)
            found, facts = by_job(Path(folder), [log], split, partition_events)
        except DataError:
            return
    assert found == expected
    assert facts.rows_in == len(rows) == facts.events + facts.duplicates


def test_a_heavy_user_is_worked_on_in_pieces(tmp_path):
    rows = [("heavy", f"i{n % 40}", 1_000 * n) for n in range(400)]
    rows += [(f"u{n}", f"i{n % 40}", 1_000 * n + k) for n in range(60) for k in range(5)]
    found, facts = by_job(tmp_path, [frame(rows)], BY_TIME, 100)
    assert found == in_memory(frame(rows), BY_TIME)
    sizes = [part.events for part in facts.partitions]
    assert sum(sizes) == len(rows)
    assert max(sizes) <= 130
    assert facts.users == 61


def test_an_event_that_is_delivered_again_in_another_piece_is_one_event(tmp_path):
    """The first and the last event of the heavy user are the same; the last delivery is late."""
    rows = [("heavy", f"i{n % 40}", 1_000 * n) for n in range(400)]
    rows += [(f"u{n}", f"i{n % 40}", 1_000 * n + k) for n in range(60) for k in range(5)]
    ids = [f"e{0 if n == 399 else n:03d}" for n in range(len(rows))]
    log = frame(rows, {"event_id": ids})
    found, facts = by_job(tmp_path, [log], BY_TIME, 100)
    assert found == in_memory(log, BY_TIME)
    assert (facts.events, facts.duplicates) == (len(rows) - 1, 1)


def test_a_piece_of_a_heavy_user_knows_the_lists_that_others_hold(tmp_path):
    """All lists lie in the first piece, what answers every second of them in the last ones."""
    rows = [("heavy", f"i{n % 40}", n, "impression") for n in range(100)]
    rows += [("heavy", f"i{n % 40}", 1_000 * (n + 1), "view") for n in range(400)]
    rows += [(f"u{n}", f"i{n % 40}", 1_000 * n + k, "view") for n in range(60) for k in range(5)]
    requests = [f"r{row[1]}" if row[0] == "heavy" and n % 2 else None for n, row in enumerate(rows)]
    log = frame(rows, {"request_id": requests})
    found, facts = by_job(tmp_path, [log], UNPROMPTED, 100)
    assert len(facts.partitions) > 5
    assert found == in_memory(log, UNPROMPTED)
    assert found["eval"] != in_memory(log, BY_TIME)["eval"]
    assert facts.rows_out["eval"] == len(found["eval"])


@pytest.mark.parametrize(
    ("kind", "extra", "lacking"),
    [
        ("impression", {}, "`request_id`"),
        ("shown", {"request_id": ["r"] * 120}, "the type `impression`"),
    ],
)
def test_a_log_that_does_not_tell_what_answers_a_list_is_refused(tmp_path, kind, extra, lacking):
    rows = [(f"u{n % 9}", f"i{n % 13}", 100 * n, ("view", kind)[n % 4 == 0]) for n in range(120)]
    with pytest.raises(DataError, match=f"Received: events without {lacking}. Map"):
        by_job(tmp_path, [frame(rows, extra)], UNPROMPTED, 20)


def test_a_log_without_impressions_is_refused_before_rows_are_made_of_it(tmp_path):
    rows = [(f"u{n % 9}", f"i{n % 13}", 100 * n, "view") for n in range(120)]
    examples = shape(20).model_copy(update={"shown_held_out": True})
    job = make_job(
        tmp_path, log_of(tmp_path / "log", frame(rows)), split=BY_TIME, examples=examples
    )
    with pytest.raises(DataError, match="Received: no event of the type `impression`"):
        run_job(job)
    assert contents(job) == {}


def contents(job):
    """Path below the output -> bytes."""
    root = Path(job.output)
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def written(folder, frames):
    job = make_job(folder, log_of(folder / "log", *frames), split=BY_TIME, examples=shape(20))
    run_job(job)
    return job


@pytest.mark.slow
@given(events, st.randoms(use_true_random=False), st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_the_order_of_files_and_repeated_deliveries_change_no_row(rows, random, files):
    """The same events in files of other names and orders, some delivered again."""
    log = frame(rows).with_columns(event_id=pl.Series([f"e{n:03d}" for n in range(len(rows))]))
    cuts = sorted(random.choices(range(len(rows) + 1), k=files - 1))
    parts = [log[a:b] for a, b in itertools.pairwise([0, *cuts, len(rows)]) if a < b]
    again = [part.sample(fraction=0.5, seed=1) for part in parts]
    other = [part for part in [*parts, *again] if len(part)]
    random.shuffle(other)
    with tempfile.TemporaryDirectory() as folder:
        try:
            expected = written(Path(folder, "one"), parts)
        except DataError:
            return
        found = written(Path(folder, "other"), other)
        for split in SPLITS:
            assert read_rows(found, split) == read_rows(expected, split)


def test_another_run_writes_the_same_bytes(tmp_path):
    rows = [(f"u{n % 9}", f"i{n % 13}", 100 * n) for n in range(120)]
    one, other = (contents(written(tmp_path / name, [frame(rows)])) for name in ("one", "other"))
    assert one == other


def test_names_of_files_do_not_matter_even_without_event_ids(tmp_path):
    rows = [(f"u{n % 9}", f"i{n % 13}", 100 * (n // 3)) for n in range(120)]
    halves = [frame(rows[:60]), frame(rows[60:])]
    one, other = written(tmp_path / "one", halves), written(tmp_path / "other", halves[::-1])
    assert contents(one) == contents(other)


def test_a_log_that_the_partitions_refuse_is_refused_by_the_log_in_memory(tmp_path):
    """Negative control of the tests above, which skip what both refuse."""
    with pytest.raises(DataError, match="too many events share a second"):
        by_job(tmp_path, [frame([("u", f"i{n}", 5) for n in range(20)])], BY_TIME, 5)


def test_nothing_of_a_killed_attempt_is_left(tmp_path):
    rows = [(f"u{n % 9}", f"i{n % 13}", 100 * n) for n in range(120)]
    job = written(tmp_path, [frame(rows)])
    expected = contents(job)
    half_written = Path(job.output, "Split-train", ".data_tfrecord-00000-of-00009.gz.0.part")
    half_written.write_bytes(b"half")
    Path(job.work, "00000-parts.arrow").write_bytes(b"half")
    job.prepare()
    assert contents(job) == {}
    run_job(job)
    assert contents(job) == expected


def test_categories_are_those_of_the_end_of_training(tmp_path):
    """An item that changes its category after training keeps the old one in every row."""
    rows = [(f"u{n % 9}", f"i{n % 13}", 1_000 * n) for n in range(120)]
    category = Feature(name="category", side="candidate", kind="category")
    counted = Aggregate(
        name="same_category", of="user_category", count="interaction", window="1d", by="category"
    )
    first = pl.DataFrame({"item_id": [f"i{n}" for n in range(13)], "valid_from": 0}).with_columns(
        category=pl.lit("old")
    )
    later = first.with_columns(category=pl.col("item_id"), valid_from=pl.lit(115_000))
    found = []
    for name, table in {"before": first, "changed": pl.concat([first, later])}.items():
        data = log_of(tmp_path / name / "log", frame(rows))
        table.write_parquet(tmp_path / name / "items.parquet")
        items = Table(path=str(tmp_path / name / "items.parquet"))
        job = make_job(
            tmp_path / name,
            data.model_copy(update={"items": items}),
            split=BY_TIME,
            examples=shape(50),
            features=(category,),
            aggregates=(counted,),
        )
        run_job(job)
        found.append({split: read_rows(job, split) for split in SPLITS})
    assert found[0] == found[1]
    assert any(b"same_category" in row for row in found[0]["ranking"])


@pytest.mark.parametrize(
    ("name", "side"),
    [
        *(("user", "context"), ("item", "context"), ("type", "context"), ("period", "context")),
        *(("key", "query"), ("period", "query"), ("row", "query")),
    ],
)
def test_a_feature_may_be_called_what_we_call_our_columns(tmp_path, name, side):
    rows = [(f"u{n % 9}", f"i{n % 13}", 1_000 * n) for n in range(120)]
    events = frame(rows, {name: ["evening"] * len(rows)} if side == "context" else None)
    users = pl.DataFrame({"user_id": [f"u{n}" for n in range(9)], name: ["evening"] * 9})
    data = log_of(tmp_path / "log", events)
    if side == "query":
        users.write_parquet(tmp_path / "users.parquet")
        table = Table(path=str(tmp_path / "users.parquet"))
        data = data.model_copy(update={"users": table})
    feature = Feature(name=name, side=side, kind="category")
    job = make_job(tmp_path, data, split=BY_TIME, examples=shape(50), features=(feature,))
    run_job(job)
    found = [row for split in SPLITS for row in read_rows(job, split)]
    assert found
    assert all(b"evening" in row for row in found)


def test_a_split_without_rows_is_counted(tmp_path):
    """Impressions that begin after the training period."""
    rows = [(f"u{n % 9}", f"i{n % 13}", 1_000 * n) for n in range(120)]
    _, facts = by_job(tmp_path, [frame([*rows, ("u1", "i1", 119_500, "impression")])], BY_TIME, 50)
    assert facts.rows_out["ranking"] == 0


def test_dead_letters_are_written_a_part_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("transform.job.intake._PART_ROWS", 10)
    rows = [(f"u{n % 9}", f"i{n % 13}", 1_000 * n) for n in range(120)]
    frames = [frame([*rows[60 * n : 60 * n + 60], *[(None, "i", 5)] * 12]) for n in range(2)]
    data = log_of(tmp_path / "log", *frames)
    job = make_job(tmp_path, data, split=BY_TIME, examples=shape(50))
    monkeypatch.setattr("transform.job.intake._TASKS", 1)
    facts = run_job(job)
    assert facts.dead_letters == {"user_id is missing": 24}
    written = [pl.read_parquet(file) for file in sorted(Path(job.dead_letters).glob("*.parquet"))]
    assert [len(part) for part in written] == [12, 12]


def test_dead_letters_are_a_dataset_where_there_are_none(tmp_path):
    rows = [(f"u{n % 9}", f"i{n % 13}", 1_000 * n) for n in range(120)]
    job = written(tmp_path, [frame(rows)])
    dead = pl.read_parquet(job.dead_letters)
    assert dead.is_empty()
    assert {"file", "row", "user_id", "reason"} <= set(dead.columns)
