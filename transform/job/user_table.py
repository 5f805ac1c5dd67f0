"""The users table between the stages: sorted as partitions are, so that each reads its own rows."""

from __future__ import annotations

import numpy as np
import polars as pl

from transform.event_log import user_keys
from transform.features import USER_ID
from transform.job.shuffle import KEY
from transform.job.tables import join, read_rows, read_table, write_table


class UserTable:
    """Features of users, a range of them at a time."""

    def __init__(self, folder: str) -> None:
        """Reads where the users of each hash lie."""
        self._folder = folder
        self._keys = read_table(_keys_file(folder))[KEY].to_numpy()

    def rows(self, user_ids: pl.Series) -> pl.DataFrame:
        """The rows of users that lie in the order of their hashes, and maybe of others.

        Args:
            user_ids: Users.
        """
        ends = user_keys([user_ids[0], user_ids[-1]]) if len(user_ids) else np.empty(0, np.uint64)
        start = np.searchsorted(self._keys, ends[:1], side="left").sum()
        stop = np.searchsorted(self._keys, ends[-1:], side="right").sum()
        return read_rows(_users_file(self._folder), int(start), int(stop))


def write_user_table(users: pl.DataFrame | None, folder: str) -> None:
    """Writes `user_id` and the features of users; without a table, no user."""
    table = pl.DataFrame(schema={USER_ID: pl.String}) if users is None else users
    keyed = table.with_columns(pl.Series(KEY, user_keys(table[USER_ID]), pl.UInt64)).sort(KEY)
    write_table(_keys_file(folder), keyed.select(KEY))
    write_table(_users_file(folder), keyed.drop(KEY))


def _keys_file(folder: str) -> str:
    return join(folder, "user-keys.arrow")


def _users_file(folder: str) -> str:
    return join(folder, "user-features.arrow")
