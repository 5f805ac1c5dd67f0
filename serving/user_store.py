"""Read access to the users' histories, as the pipeline wrote them. No TensorFlow here."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.dataset as ds
from pydantic import ValidationError

from serving.query import Query, check_history
from serving.user_state.queries import History, columns_query, user_query
from serving.user_state.record import UNKNOWN, Publication, UserRecord
from transform.aggregation.user_tiles import TILES, load_tiles
from transform.published_fold import FOLD_FILE, PublishedFold
from transform.state import Event, UserState

USER_ID = "user_id"
HISTORY: dict[str, pl.DataType] = {
    "history_item_id": pl.List(pl.String()),
    "history_event_type": pl.List(pl.String()),
    "history_time": pl.List(pl.Int64()),
}


class UserStoreError(Exception):
    """The file is not a user store; the message says the rule, the value and what to do."""


class UserStore:
    """Histories and features of users, read from Parquet files as they are asked for.

    Columns: `user_id` string; `history_item_id`, `history_event_type` list<string> and
    `history_time` list<int64>, oldest first; `tiles`, where aggregates are declared; every other
    column is a query feature. How the states were folded stands in `fold.json` beside.

    Attributes:
        path: The file, or the folder of files.
        features: Names of the query features.
        publication: How the states were folded, and the values of the shop.
    """

    def __init__(
        self, path: Path, table: pl.LazyFrame, features: tuple[str, ...], fold: PublishedFold
    ) -> None:
        self.path = path
        self._table = table
        self.features = features
        self.publication = Publication(fold.settings, fold.shop_values)

    @classmethod
    def open(cls, path: Path) -> UserStore:
        """A store on a Parquet file, or a folder of some; only the schema is read now.

        Raises:
            UserStoreError: The file is missing, damaged, or lacks a column.
        """
        if not path.exists():
            raise UserStoreError(
                f"a user store is a Parquet file, or a folder of some; there is none at {path}. "
                "Run the pipeline, or correct the path"
            )
        table = pl.scan_parquet(path)
        try:
            schema = table.collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise UserStoreError(
                f"{path} cannot be read as Parquet: {error}. It may be cut short: write it again"
            ) from error
        for name, expected in {USER_ID: pl.String(), **HISTORY}.items():
            if schema.get(name) != expected:
                found = f"is {schema[name]}" if name in schema else "is missing"
                raise UserStoreError(
                    f"column {name!r} of a user store must be {expected}; in {path} it {found}"
                )
        known = {USER_ID, TILES, *HISTORY}
        features = tuple(name for name in schema if name not in known)
        return cls(path, table, features, _fold(path.with_name(FOLD_FILE)))

    def query(self, user_id: str, request_time: int | None = None) -> Query:
        """The query of one user; see `queries`."""
        return self.queries([user_id], request_time)[0]

    def queries(self, user_ids: Sequence[str], request_time: int | None = None) -> list[Query]:
        """The queries of users, in the order asked.

        A user that the store does not know has an empty history, no features, and aggregates of
        nothing: a cold start.

        Args:
            user_ids: Users, each any number of times.
            request_time: Unix seconds; None for now. Later events are left out, so that a replay
                of the past cannot see what came after.

        Returns:
            One query for each id.

        Raises:
            UserStoreError: The store holds a user twice, or a history that is not one.
        """
        at = int(time.time()) if request_time is None else request_time
        rows = self._rows(user_ids)
        return [self._query(user_id, rows.get(user_id), at) for user_id in user_ids]

    def known(self, user_ids: Sequence[str]) -> dict[str, UserRecord]:
        """The records of those of some users that the store knows, as version 1.

        Raises:
            UserStoreError: The store holds a user twice, or a history that is not one.
        """
        return {user_id: self._record(row) for user_id, row in self._rows(user_ids).items()}

    def records(self, users: int) -> Iterator[dict[str, UserRecord]]:
        """All the records, as version 1, so many at a time, by user.

        Raises:
            UserStoreError: The store holds a user twice, or a history that is not one.
        """
        self._refuse_repeated(self._table.select(USER_ID).collect())
        for batch in ds.dataset(self.path, format="parquet").to_batches(batch_size=users):
            part = pl.DataFrame(batch)
            yield {row[USER_ID]: self._record(row) for row in part.iter_rows(named=True)}

    def _rows(self, user_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        wanted = self._table.filter(pl.col(USER_ID).is_in(set(user_ids))).collect()
        self._refuse_repeated(wanted)
        return {row[USER_ID]: row for row in wanted.iter_rows(named=True)}

    def _refuse_repeated(self, users: pl.DataFrame) -> None:
        if users[USER_ID].n_unique() < users.height:
            twice = users.filter(pl.col(USER_ID).is_duplicated())[USER_ID][0]
            raise UserStoreError(f"{self.path} must hold a user once, it holds {twice!r} twice")

    def _query(self, user_id: str, row: dict[str, Any] | None, at: int) -> Query:
        if row is None:
            return user_query(user_id, UNKNOWN, self.publication, at)
        return columns_query(user_id, self._history(row), self._rest(row), self.publication, at)

    def _record(self, row: dict[str, Any]) -> UserRecord:
        events = tuple(map(Event, *self._history(row)))
        rest = self._rest(row)
        return rest._replace(state=rest.state._replace(events=events))

    def _history(self, row: dict[str, Any]) -> History:
        items, types, times = (row[name] or () for name in HISTORY)
        try:
            check_history(row[USER_ID], items, types, times)
        except ValueError as error:
            raise UserStoreError(f"{self.path}: {error}") from error
        return items, types, times

    def _rest(self, row: dict[str, Any]) -> UserRecord:
        features = {name: row[name] for name in self.features if row[name] is not None}
        return UserRecord(1, UserState(tiles=load_tiles(row.get(TILES) or ())), features)


def _fold(path: Path) -> PublishedFold:
    if not path.is_file():
        return PublishedFold()
    try:
        return PublishedFold.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UserStoreError(
            f"{path} must say how the states were folded: {error}. Run the pipeline again"
        ) from error
