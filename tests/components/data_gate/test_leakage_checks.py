"""The certificate's findings as checks, and the written rows held against the log."""

from collections import Counter

import pytest

from components.data_gate.certificate import Difference, builder
from components.data_gate.leakage_checks import check_leakage, check_written
from tests.components.data_gate.bounds import RULES, failed
from tests.transform.logs import write_dataset
from transform.point_in_time import write_shard
from transform.rows import build_rows

ROWS = [(f"u{u}", f"i{(u * 3 + n) % 20}", u + n) for u in range(12) for n in range(8)]


def test_without_a_leak_each_split_passes():
    found = Difference(rows=Counter(train=5, ranking=7))
    checks = list(check_leakage(found, RULES))
    assert [check.name for check in checks] == ["ranking leaked_rows", "train leaked_rows"]
    assert failed(checks) == []


def test_each_leaking_feature_is_named():
    changed = Counter({("train", "user_events"): 3, ("train", "age"): 1})
    checks = list(check_leakage(Difference(Counter(train=5, ranking=7), changed), RULES))
    assert failed(checks) == ["train.age leaked_rows", "train.user_events leaked_rows"]


@pytest.fixture
def written(tmp_path):
    """A dataset, and its rows on disk in two shards."""
    dataset = write_dataset(tmp_path / "data", ROWS)
    parts = list(dataset.log.histories.partitions(50))
    assert len(parts) == 2
    for number, part in enumerate(parts):
        for split, batch in build_rows(part, dataset.shop).items():
            write_shard(batch, str(tmp_path / "out"), split, number, len(parts))
    uris = {split: [str(tmp_path / "out" / f"Split-{split}")] for split in ("train", "ranking")}
    users = dataset.log.histories.users["user_id"].head(9)
    return dataset, builder(dataset)(dataset.log.decode(), users), uris


def test_rows_as_the_log_gives_them_pass(written):
    _, rows, uris = written
    assert failed(check_written(rows, uris, RULES)) == []


def test_rows_of_another_log_are_stopped(written, tmp_path):
    _, _, uris = written
    other = write_dataset(tmp_path / "other", [(u, f"x{i}", t) for u, i, t in ROWS])
    users = other.log.histories.users["user_id"].head(9)
    rows = builder(other)(other.log.decode(), users)
    assert failed(check_written(rows, uris, RULES)) == [
        "train unexplained_rows",
        "ranking unexplained_rows",
    ]


def test_rows_that_were_not_written_are_stopped(written, tmp_path):
    dataset, rows, uris = written
    none = build_rows(dataset.log.histories.take(dataset.log.histories.offsets[:0]), dataset.shop)
    write_shard(none["train"], str(tmp_path / "empty"), "train", 0, 1)
    uris = {**uris, "train": [str(tmp_path / "empty" / "Split-train")]}
    assert failed(check_written(rows, uris, RULES)) == ["train unexplained_rows"]
