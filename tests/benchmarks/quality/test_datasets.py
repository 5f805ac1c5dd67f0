"""Tests of reading the logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.quality.datasets import (
    DATASETS,
    FOLDER_VARIABLE,
    SHOPS,
    Dataset,
    NoDataError,
    data_folder,
)
from pipeline.loading import load_settings
from transform.settings import SplitSettings

_LEAVE_ONE_OUT = SplitSettings(protocol="leave_one_out")
BEAUTY = next(dataset for dataset in DATASETS if dataset.name == "amazon-beauty-s3rec")


def test_a_missing_log_says_where_it_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NoDataError, match=f"Received: {tmp_path}.*--data or .{FOLDER_VARIABLE}"):
        BEAUTY.load(tmp_path)
    with pytest.raises(NoDataError, match="Received: no folder"):
        BEAUTY.load(None)


def test_the_folder_given_comes_before_that_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, "/elsewhere")
    assert data_folder(None) == Path("/elsewhere")
    assert data_folder(tmp_path) == tmp_path
    monkeypatch.delenv(FOLDER_VARIABLE)
    assert data_folder(None) is None


def test_a_lacking_time_is_that_of_a_neighbour_or_the_first_of_all(tmp_path: Path) -> None:
    folder = tmp_path / BEAUTY.name
    folder.mkdir()
    (folder / "interactions.csv").write_text(
        "user_id,item_id,position,timestamp,gap_seconds\n"
        "2,8,0,,0\n2,9,1,50,0\n1,7,1,,0\n1,5,0,30,0\n3,5,0,,0\n"
    )
    (folder / "items.csv").write_text("item_id,title,attributes,asin\n5,Soap,1 2,B\n")
    events = BEAUTY.load(tmp_path)["events"]
    assert events.rows() == [
        ("1", "5", 30),
        ("1", "7", 30),
        ("2", "8", 50),
        ("2", "9", 50),
        ("3", "5", 30),
    ]


@pytest.mark.parametrize("dataset", DATASETS + SHOPS[:1], ids=lambda dataset: dataset.name)
def test_the_settings_of_each_log_are_sound(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_LOG", "/log")
    monkeypatch.setenv("BENCH_ROOT", "/root")
    split = load_settings(dataset.settings).split
    # By time, each user is asked for once: `protocol.divided` knows no other way.
    by_time = SplitSettings(protocol="time", max_rows_per_user=1)
    assert split == (by_time if dataset.name.endswith("-time") else _LEAVE_ONE_OUT)
