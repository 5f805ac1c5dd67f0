"""Messages to bytes and back, and what is refused."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.stream import parsing
from serving.stream.consumer import live_event
from serving.stream.log_files import EventLogFiles
from serving.stream.messages import Exposure, Outcome, to_bytes
from serving.stream.parsing import MalformedError, parse
from serving.user_state.encoding import decode, encode_live
from transform.features import Feature
from transform.reading import event_rows

NOW = 1_750_000_000
DAY = 86_400
FEATURES = [
    Feature(name="age", side="context", kind="number"),
    Feature(name="day", side="context", kind="time"),
]
SHOWN = Exposure(
    "r1", "ann", NOW, ("a", "b"), (0.5, 0.25), (1.0, 0.125), 7, "model", "blue", {"device": "phone"}
)
DRAFTED = Exposure("r2", "ann", NOW, ("a", "b"), teams=("x=old", ""))
BOUGHT = Outcome("e1", "ann", "a", "buy", NOW - 5, "r1", {"price": 2.5})


@pytest.mark.parametrize(
    "message",
    [SHOWN, DRAFTED, BOUGHT, Exposure("r", "ü", NOW, ("日",)), Outcome("e", "u", "i", "view", NOW)],
)
def test_what_is_written_is_read(message):
    assert parse(to_bytes(message), NOW) == message


def changed(message, **fields):
    return json.dumps({**json.loads(to_bytes(message)), **fields}).encode()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", parsing.NO_JSON),
        (b"\xff{}", parsing.NO_JSON),
        (b"[1]", parsing.NO_JSON),
        (b"[" * 100_000, parsing.NO_JSON),
        (b"{}", parsing.NO_KIND),
        (changed(BOUGHT, kind=["shown"]), parsing.NO_KIND),
        (changed(BOUGHT, user_id=17), event_rows.NO_USER),
        (changed(BOUGHT, user_id=" ann"), event_rows.NO_USER),
        (changed(BOUGHT, user_id="\ud800"), event_rows.NO_USER),
        (changed(BOUGHT, user_id="NULL"), event_rows.NO_USER),
        (changed(BOUGHT, item_id=None), event_rows.NO_ITEM),
        (changed(BOUGHT, item_id="a\nb"), event_rows.LINE_BREAK),
        (changed(BOUGHT, event_id=""), event_rows.NO_EVENT_ID),
        (changed(DRAFTED, teams=["x=old"]), parsing.NO_TEAMS),
        (changed(DRAFTED, teams=["x=old", 7]), parsing.NO_TEAMS),
        (changed(BOUGHT, event_id="r1#0"), parsing.RESERVED),
        (changed(BOUGHT, event_type=""), parsing.NO_TYPE),
        (changed(BOUGHT, event_time="now"), event_rows.NO_TIME),
        (changed(BOUGHT, event_time=float(NOW)), event_rows.NO_TIME),
        (changed(BOUGHT, event_time=True), event_rows.NO_TIME),
        (changed(BOUGHT, event_time=NOW + DAY + 1), event_rows.FUTURE),
        (changed(BOUGHT, event_time=NOW * 1000), event_rows.FUTURE),
        (changed(BOUGHT, event_time=NOW - 7 * DAY - 1), parsing.LATE),
        (changed(BOUGHT, context={"a": [1]}), parsing.NO_CONTEXT),
        (changed(BOUGHT, context="phone"), parsing.NO_CONTEXT),
        (changed(BOUGHT, context={"age": 10**400}), parsing.NO_CONTEXT),
        (changed(BOUGHT, context={"age": float("inf")}), parsing.NO_CONTEXT),
        (changed(BOUGHT, context={"device": "\udfff"}), parsing.NO_CONTEXT),
        (changed(SHOWN, scores=[0.5, 10**400]), parsing.NO_NUMBERS),
        (changed(SHOWN, request_id=None), parsing.NO_REQUEST_ID),
        (changed(SHOWN, item_ids=[]), event_rows.NO_ITEM),
        (changed(SHOWN, item_ids=["a", 2]), event_rows.NO_ITEM),
        (changed(SHOWN, item_ids=["a", "a"]), parsing.REPEATED),
        (changed(SHOWN, scores=[0.5]), parsing.NO_NUMBERS),
        (changed(SHOWN, scores=[0.5, float("nan")]), parsing.NO_NUMBERS),
        (changed(SHOWN, propensities=["1", "1"]), parsing.NO_NUMBERS),
    ],
)
def test_what_is_malformed_is_refused_with_the_reason(payload, reason):
    with pytest.raises(MalformedError) as refused:
        parse(payload, NOW)
    assert str(refused.value) == reason


@pytest.mark.parametrize("skew", [DAY, -7 * DAY])
def test_clocks_may_be_wrong_within_limits(skew):
    assert parse(changed(BOUGHT, event_time=NOW + skew), NOW).event_time == NOW + skew


@given(
    st.binary(max_size=40)
    | st.dictionaries(
        st.sampled_from(["kind", "user_id", "event_id", "item_id", "event_time", "scores"]),
        st.sampled_from(["shown", "happened"]) | st.integers() | st.none() | st.lists(st.floats()),
    ).map(lambda fields: json.dumps(fields).encode())
)
def test_any_bytes_are_a_message_or_refused(payload):
    with pytest.raises(MalformedError):
        parse(payload, NOW)


VALUES = st.one_of(
    st.text(max_size=3),
    st.sampled_from(["\ud800", "a\nb", "NaN", "\x00", "a"]),
    st.integers(NOW - 10, NOW + 10),
    st.sampled_from([10**30, -(2**63), 10**400, float("nan"), float("inf"), 1e300, True, None]),
)
ODD = (
    VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(st.sampled_from(["age", "day"]), VALUES)
)


@given(
    st.sampled_from([SHOWN, BOUGHT]),
    st.dictionaries(
        st.sampled_from(sorted({*SHOWN.__dict__, *BOUGHT.__dict__})), ODD, min_size=1, max_size=3
    ),
)
@settings(deadline=None)
def test_what_is_accepted_can_be_folded_and_written(message, odd):
    try:
        accepted = parse(changed(message, **odd), NOW)
    except MalformedError:
        return
    live = live_event(accepted, "impression", {})
    assert decode(encode_live([live])).live == (live,)
    with TemporaryDirectory() as folder:
        files = EventLogFiles(Path(folder), "impression", FEATURES)
        files.write(1, [accepted], {})
        files.close()
