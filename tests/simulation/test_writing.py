"""The files of the simulated shop."""

import subprocess
import sys

import polars as pl
import pytest

from simulation import shop
from simulation.writing import write_shop


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_three_datasets_and_the_truth(tmp_path):
    write_shop(tmp_path, users=50, items=20, seed=1)
    assert list(files(tmp_path)) == [
        "events/part-00000.parquet",
        "items.parquet",
        "truth/items.parquet",
        "truth/users.parquet",
        "users.parquet",
    ]
    events = pl.read_parquet(tmp_path / "events")
    users = pl.read_parquet(tmp_path / "users.parquet")
    items = pl.read_parquet(tmp_path / "items.parquet")
    assert events["user_id"].is_in(users["user_id"].implode()).all()
    assert events["item_id"].is_in(items["item_id"].implode()).all()
    assert (len(users), len(items)) == (50, 20)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        write_shop(tmp_path / name, users=50, items=20, seed=seed)
    assert files(tmp_path / "one") == files(tmp_path / "same")
    assert files(tmp_path / "one") != files(tmp_path / "other")


def test_a_large_shop_comes_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(shop, "BLOCK_USERS", 20)
    write_shop(tmp_path, users=50, items=20, seed=1)
    events = pl.read_parquet(tmp_path / "events")
    assert len(list((tmp_path / "events").iterdir())) == 3
    assert events["user_id"].n_unique() == 50


@pytest.mark.parametrize("wrong", [{"users": 0}, {"users": 5, "days": 0}])
def test_an_impossible_shop_is_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"at least 1 user and 1 day. Received: "):
        write_shop(tmp_path, items=20, **wrong)


def test_the_command_line(tmp_path):
    arguments = ["--users", "10", "--items", "5", "--days", "7", "--events-per-user", "8"]
    subprocess.run(
        [sys.executable, "-m", "simulation", *arguments, "--out", str(tmp_path), "--seed", "1"],
        check=True,
    )
    assert len(pl.read_parquet(tmp_path / "users.parquet")) == 10
