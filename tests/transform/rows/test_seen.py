"""What a user has had before an event."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.transform.logs import frame
from transform.event_log import EventLog
from transform.rows.seen import SeenItems

ROWS = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abcd"), st.integers(0, 5)),
    min_size=1,
    max_size=30,
)


@given(ROWS, st.data())
def test_both_answers_equal_a_walk_over_the_events(rows, data):
    log = EventLog.of(frame(rows))
    histories, items = log.histories, len(log.items)
    item = histories.column("#item")
    user = data.draw(st.integers(0, len(histories.users) - 1))
    first, end = histories.offsets[user], histories.offsets[user + 1]
    until = data.draw(st.integers(int(first), int(end)))
    wanted = data.draw(st.integers(0, items - 1))
    which = np.array(data.draw(st.lists(st.booleans(), min_size=items, max_size=items)))
    seen = SeenItems(histories, items)
    had = seen.before(np.array([user]), np.array([until]), np.array([wanted]))
    assert had[0] == (wanted in item[first:until])
    count = seen.count(np.array([first]), np.array([until]), which)
    assert count[0] == len({code for code in item[first:until] if which[code]})
