import polars as pl

from components.training_period import (
    TrainingPeriod,
    period_of_tiles,
    read_period,
    write_period,
)


def test_the_period_is_that_of_the_counted_behaviours(tmp_path):
    # An item that nobody took in the training period has no times.
    tiles = pl.DataFrame({"first_time": [30, 10, None], "last_time": [40, 90, None]})
    tiles.write_parquet(tmp_path / "items.parquet")
    found = period_of_tiles(tmp_path / "items.parquet", "time")
    assert found == TrainingPeriod(protocol="time", first_time=10, last_time=90)


def test_the_record_is_read_as_it_was_written(tmp_path):
    period = TrainingPeriod(protocol="leave_one_out", first_time=1, last_time=2)
    write_period(tmp_path / "model", period)
    assert read_period(tmp_path / "model") == period


def test_a_model_without_a_record(tmp_path):
    assert read_period(tmp_path) is None
