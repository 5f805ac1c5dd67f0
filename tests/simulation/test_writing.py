"""The files of the simulated shop."""

import json

import polars as pl
import pytest

from simulation.writing import ENTRIES, write_shop


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write(out, **changes):
    return write_shop(out, **{"events": 2000, "items": 20, "days": 2, "seed": 1} | changes)


def test_the_three_datasets_and_the_truth(tmp_path):
    write(tmp_path)
    assert list(files(tmp_path)) == [
        "events/dt=2024-01-01/part-00000.parquet",
        "events/dt=2024-01-02/part-00000.parquet",
        "items.parquet",
        "truth/impressions/dt=2024-01-01/part-00000.parquet",
        "truth/impressions/dt=2024-01-02/part-00000.parquet",
        "truth/items.parquet",
        "truth/successors.parquet",
        "truth/users.parquet",
        "truth/world.json",
        "users.parquet",
    ]
    events = pl.read_parquet(tmp_path / "events" / "*" / "*.parquet", hive_partitioning=False)
    assert events.columns == [
        *("user_id", "item_id", "event_time", "event_type", "request_id", "position"),
        *("session_id", "device"),
    ]
    assert events["event_time"].dtype == pl.Int64
    users, items = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("users", "items"))
    assert (len(users), len(items)) == (20, 20)


def test_a_partition_holds_only_its_day(tmp_path):
    write(tmp_path, days=4)
    for path in (tmp_path / "events").glob("*/*.parquet"):
        moment = pl.from_epoch(pl.read_parquet(path, hive_partitioning=False)["event_time"])
        assert {f"dt={day}" for day in moment.dt.date()} == {path.parent.name}


def test_every_impression_and_nothing_else_has_a_truth(shop):
    keys = ["request_id", "position"]
    truth = pl.read_parquet(shop.folder / "truth" / "impressions" / "*" / "*.parquet")
    assert not truth.select(keys).is_duplicated().any()
    assert truth.select(keys).sort(keys).equals(shop.impressions.select(keys).sort(keys))


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        write(tmp_path / name, seed=seed, drift=0.5, heavy_user=500)
    one, same, other = (files(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert all(one[name] != other[name] for name in one)


def test_the_summary_counts_what_was_written(tmp_path):
    told = []
    summary = write(tmp_path, drift=0.5, progress=told.append)
    events = pl.read_parquet(tmp_path / "events" / "*" / "*.parquet")
    assert summary.events == len(events) == told[-1]
    assert told == sorted(told)
    assert summary.event_types == dict(events["event_type"].value_counts().iter_rows())
    assert (summary.users, summary.items, summary.days, summary.files) == (20, 20, 2, 2)
    sizes = [len(data) for name, data in files(tmp_path).items() if name.startswith("events")]
    assert summary.bytes == sum(sizes)
    world = json.loads((tmp_path / "truth" / "world.json").read_text())
    assert summary.drift_time == world["drift_time"] == world["start"] + 24 * 3600


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "items.parquet").touch()
    with pytest.raises(ValueError, match=r"where there is none yet. .* which has 'items.parquet'"):
        write(tmp_path)
    assert list(files(tmp_path)) == ["items.parquet"]


def test_nothing_appears_before_all_is_complete(tmp_path):
    def interrupt(rows):
        assert not any((tmp_path / name).exists() for name in ENTRIES)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_simulation_left_behind_is_in_nobodys_way(tmp_path):
    (tmp_path / ".unfinished" / "events").mkdir(parents=True)
    (tmp_path / ".unfinished" / "events" / "half").touch()
    write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(ENTRIES)
