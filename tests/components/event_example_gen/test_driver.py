"""The driver: content, and nothing else, makes the fingerprint."""

import os

import pytest
from tfx.orchestration.portable.data_types import ExecutionInfo

from components.event_example_gen.driver import Driver
from transform.errors import DataError
from transform.settings import DataSettings, Table


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("user_id,item_id,event_time\n1,a,10\n")
    return path


def fingerprint(path):
    data = DataSettings(events=Table(path=str(path))).model_dump_json()
    properties = {"data": data, "seed": 7, "absent": None}
    output = Driver(None).run(ExecutionInfo(exec_properties=properties))
    assert output.exec_properties["seed"].int_value == 7
    assert output.exec_properties["data"].string_value == data
    assert "absent" not in output.exec_properties
    return output.exec_properties["fingerprint"].string_value


def test_touching_a_file_keeps_the_fingerprint(log):
    before = fingerprint(log)
    os.utime(log, (1, 1))
    assert fingerprint(log) == before


def test_one_other_byte_of_the_same_size_and_time_changes_it(log):
    before, times = fingerprint(log), log.stat()
    log.write_text("user_id,item_id,event_time\n1,b,10\n")
    os.utime(log, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert log.stat().st_size == times.st_size
    assert fingerprint(log) != before


def test_a_missing_file_is_named_before_anything_runs(tmp_path):
    with pytest.raises(DataError, match=r"`data\.events\.path` must lead to a file"):
        fingerprint(tmp_path / "missing.csv")
