"""Logs of traffic, written as the compactor writes them."""

from collections import defaultdict

from serving.stream.log_files import DAY_SECONDS, EventLogFiles
from serving.stream.messages import Exposure, Outcome

HOUR = 3600
NOW = 20_000 * DAY_SECONDS + 12 * HOUR


def shown(user, at, items, scores=(), source="model", version=NOW - 5 * DAY_SECONDS):
    """A list that a user was shown; its name follows from user and time."""
    return Exposure(
        f"{user}-{at}",
        user,
        at,
        tuple(items),
        tuple(scores),
        model_version=version if source == "model" else None,
        source=source,
    )


def did(user, at, item, kind="view"):
    return Outcome(f"{user}-{item}-{at}-{kind}", user, item, kind, at)


def write(folder, messages):
    """The log; entries arrive when they happen."""
    days = defaultdict(list)
    for message in messages:
        days[message.event_time // DAY_SECONDS].append(message)
    files = EventLogFiles(folder, "impression", [])
    for day, of_day in sorted(days.items()):
        files.write(day, of_day, {0: str(day)})
    files.close()
    return folder
