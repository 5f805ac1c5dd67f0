"""When a day or a numbered span is complete."""

import datetime
import os

import pytest

from pipeline.scheduling.spans import complete_spans
from transform.settings import DataSettings, Table, Window

DAY = datetime.date(2026, 3, 1)
MIDNIGHT = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
SETTLE = 900.0


def after(seconds):
    return MIDNIGHT + datetime.timedelta(seconds=seconds)


@pytest.fixture
def log(tmp_path):
    """Writes a file of a span at a time, relative to midnight; gives the settings of the log."""

    def write(span, name, seconds, path="log"):
        file = tmp_path / "log" / span / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, (after(seconds).timestamp(),) * 2)
        return DataSettings(events=Table(path=str(tmp_path / path)), window=Window(last=1))

    return write


def test_a_day_is_complete_some_time_after_midnight(log):
    data = log("dt=2026-03-01", "early.csv", -5000)
    assert complete_spans(data, after(899), SETTLE) == []
    assert complete_spans(data, after(900), SETTLE) == [DAY]
    assert complete_spans(data, after(0), 0.0) == [DAY]
    assert complete_spans(data, after(-1), 0.0) == []


def test_a_late_file_puts_it_off(log):
    log("dt=2026-03-01", "early.csv", -5000)
    data = log("dt=2026-03-01", "late.csv", 600)
    assert complete_spans(data, after(1499), SETTLE) == []
    assert complete_spans(data, after(1500), SETTLE) == [DAY]


def test_a_numbered_span_is_complete_when_its_files_are_left_alone(log):
    log("7", "events.csv", -5000)
    data = log("8", "events.csv", 0, path="log/{SPAN}")
    assert complete_spans(data, after(899), SETTLE) == [7]
    assert complete_spans(data, after(900), SETTLE) == [7, 8]
