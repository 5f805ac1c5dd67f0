"""Artifact types that TFX's standard set lacks, and the names of the files inside them."""

from __future__ import annotations

from tfx.types.artifact import Artifact

# A custom property of an artifact whose `uri` is a copy: where the artifact itself lies.
STORED_AT = "stored_at"


class Tiles(Artifact):
    """Item-side aggregates closed at the end of the training period.

    Files:
        items.parquet: `item_id` string, `count` int64 (training behaviours), `first_time`,
            `last_time` int64 unix seconds.
        co_view.parquet: `item_id`, `follower_id` string, `weight` float32; the heaviest followers
            of each item (sum over event pairs of 1/gap within the co-view window), heaviest first.
    """

    TYPE_NAME = "SluiceTiles"
    ITEMS_FILE = "items.parquet"
    CO_VIEW_FILE = "co_view.parquet"


class UserStates(Artifact):
    """The fold's state of every user at the end of the log, as the online side reads it.

    Files:
        users.parquet: a folder of Parquet files: `user_id` string; `history_item_id`,
            `history_event_type` list<string> and `history_time` list<int64>, oldest first; one
            column for each declared query feature; where aggregates of users are declared,
            `tiles`: a list of hop (seconds), number, event_type, feature, category, count.
        fold.json: how the states were folded: transform.published_fold.PublishedFold.
    """

    TYPE_NAME = "SluiceUserStates"
    USERS_FILE = "users.parquet"


class DataAccount(Artifact):
    """Where every row of the log went.

    Files:
        account.json: counts (rows in, events, duplicates, dead letters by reason, rows out by
            split), the time range of each period, the SHA-256 of the test targets.
        dead_letters.parquet: every rejected row with its `reason`.
    """

    TYPE_NAME = "SluiceDataAccount"
    ACCOUNT_FILE = "account.json"
    DEAD_LETTERS_FILE = "dead_letters.parquet"
    PARTITIONS_FILE = "partitions.parquet"


class Checks(Artifact):
    """Outcome of a gate: `checks.json`, a list of components.checks.Check, a sentence each."""

    TYPE_NAME = "SluiceChecks"
    CHECKS_FILE = "checks.json"


class BaselineMetrics(Artifact):
    """`metrics.json`: baseline name -> metric name -> value, on the rows of the eval split."""

    TYPE_NAME = "SluiceBaselineMetrics"
    METRICS_FILE = "metrics.json"


class Report(Artifact):
    """`report.html`, one self-contained page, and `report.json`, the same facts for scripts."""

    TYPE_NAME = "SluiceReport"
    HTML_FILE = "report.html"
    JSON_FILE = "report.json"
