"""The rows of logs that are small enough to work out by hand."""

from tests.transform.logs import LEAVE_ONE_OUT
from transform.event_log import EventLog
from transform.rows.build import build_rows
from transform.rows.shop import Shop
from transform.settings import ExampleSettings, SplitSettings
from transform.splits import assign_periods

SMALL = ExampleSettings(history_length=2, ranking_rows_per_user=2, candidates=3, max_history=4)
BY_TIME = SplitSettings(protocol="time", eval_fraction=0.3, validation_fraction=0.2)


def rows(events, split=LEAVE_ONE_OUT, examples=SMALL, features=(), users=None):
    """Split -> rows, each a dict with the values of its features (absent ones are missing)."""
    log = EventLog.of(events, users, examples.impression_type)
    log = log.with_period(assign_periods(log.histories, split))
    shop = Shop.close(log, features, split, examples, seed=3)
    return {
        name: [
            {
                key: [value.decode() if isinstance(value, bytes) else value for value in values]
                for key, values in row.items()
                if values is not None
            }
            for row in batch.to_pylist()
        ]
        for name, batch in build_rows(log.histories, shop).items()
    }


def one_user(length, user="u"):
    return [(user, f"i{n}", 10 * (n + 1)) for n in range(length)]
