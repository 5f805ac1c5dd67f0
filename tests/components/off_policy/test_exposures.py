"""Lists with probabilities, read from what the compactor writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from components.off_policy.exposures import NoExposuresError, Span, read_exposures
from serving.stream.log_files import EventLogFiles
from serving.stream.messages import Exposure, Message, Outcome
from transform.features import Feature, Kind, Side
from transform.settings import DataSettings, ExampleSettings, Table

HOUR = 3600
DAY = 24 * HOUR
BEGIN = 20_000 * DAY
SPAN = Span(BEGIN, BEGIN + 2 * DAY)
DEVICE = Feature(name="device", side=Side.CONTEXT, kind=Kind.CATEGORY)


def shown(user: str, at: int, chances: tuple[float, ...] = (0.9, 0.05)) -> Exposure:
    return Exposure(
        f"{user}-{at}",
        user,
        at,
        ("a", "b"),
        propensities=chances,
        context={"device": "phone"},
    )


def did(user: str, at: int, item: str) -> Outcome:
    return Outcome(f"{user}-{item}-{at}", user, item, "click", at)


def log_of(folder: Path, messages: list[Message]) -> DataSettings:
    files = EventLogFiles(folder, "impression", [DEVICE])
    files.write(BEGIN // DAY, messages, {0: "1"})
    files.close()
    return DataSettings(events=Table(path=f"{folder}/dt=*"))


def read(data: DataSettings, **sizes: int):
    return read_exposures(data, ExampleSettings(), ["device"], SPAN, **sizes)


def test_a_deed_is_credited_to_the_latest_list_of_its_item(tmp_path: Path) -> None:
    messages = [shown("u", BEGIN), shown("u", BEGIN + HOUR), did("u", BEGIN + 2 * HOUR, "b")]
    found = read(log_of(tmp_path, messages))
    assert found.user_id == ["u", "u"]
    assert found.time == [BEGIN, BEGIN + HOUR]
    assert found.context == [{"device": "phone"}] * 2
    np.testing.assert_array_equal(found.item, [["a", "b"]] * 2)
    np.testing.assert_array_equal(found.propensity, [[0.9, 0.05]] * 2)
    np.testing.assert_array_equal(found.reward, [[0, 0], [0, 1]])


def test_what_comes_too_late_is_not_credited(tmp_path: Path) -> None:
    messages = [shown("u", BEGIN), did("u", BEGIN + DAY + 1, "a")]
    assert not read(log_of(tmp_path, messages)).reward.any()


def test_a_message_that_came_twice_counts_once(tmp_path: Path) -> None:
    assert len(read(log_of(tmp_path, [shown("u", BEGIN)] * 2)).time) == 1


@pytest.mark.parametrize(
    "message",
    [shown("u", BEGIN, ()), shown("u", BEGIN - 1), shown("u", BEGIN + DAY + 1)],
    ids=["without probabilities", "before the span", "outcome not known yet"],
)
def test_lists_that_say_nothing_are_left_out(tmp_path: Path, message: Exposure) -> None:
    with pytest.raises(NoExposuresError, match="no list with propensities"):
        read(log_of(tmp_path, [message]))


def test_a_short_list_holds_nothing_further_down(tmp_path: Path) -> None:
    one = Exposure("r", "v", BEGIN, ("c",), propensities=(0.8,))
    found = read(log_of(tmp_path, [shown("u", BEGIN), one]))
    short = found.user_id.index("v")
    assert found.item[short].tolist() == ["c", ""]
    assert found.propensity[short].tolist() == [0.8, 1.0]


def test_of_a_large_log_whole_users_are_read(tmp_path: Path) -> None:
    users = [f"u{number}" for number in range(64)]
    messages = [m for u in users for m in (shown(u, BEGIN), did(u, BEGIN + 9, "a"))]
    found = read(log_of(tmp_path, messages), most_rows=60)
    assert 0 < len(found.time) <= 20
    assert found.reward[:, 0].all()  # the deeds of those who are read are there, too


def test_a_log_of_another_kind_has_no_propensities(tmp_path: Path) -> None:
    log = tmp_path / "events.csv"
    log.write_text("user_id,item_id,event_time,propensity\nu,i,1,0.5\n")
    with pytest.raises(NoExposuresError, match="no log with propensities"):
        read(DataSettings(events=Table(path=str(log))))
