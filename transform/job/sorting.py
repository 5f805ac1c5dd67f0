"""Second stage: partitions in total order, every event once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.event_log import ITEM, TYPE, USER, Histories, arrange, offsets_of
from transform.features import EVENT_TIME, USER_ID
from transform.job.partitions import Partition, Slice
from transform.job.shuffle import KEY, events_path, users_path
from transform.job.tables import join, read_rows, read_table, write_table
from transform.job.vocabularies import item_codes, type_codes

Ints = NDArray[np.int64]

_EVENTS = "#events"  # no feature can have this name


@dataclass(frozen=True)
class SortedPartition:
    """A partition in files.

    Attributes:
        number: Place among all partitions.
        pieces: Numbers of the first and the last piece of the same user, where it is one.
        events: Its events.
        duplicates: Rows that repeated one of them.
        behaviours: Those of them that are no impressions.
        hours: Hour since 1970 -> behaviours in it.
    """

    number: int
    pieces: tuple[int, int] | None
    events: int
    duplicates: int
    behaviours: int
    hours: Counter[int] = field(default_factory=Counter)


def sort_partition(partition: Partition, folder: str, impression: int) -> SortedPartition:
    """Sorts a partition, drops repeated events and writes it.

    Args:
        partition: Where its events lie.
        folder: Where the parts lie, and where the partition goes.
        impression: Code of the event type that is no behaviour; -1 without one.
    """
    users, rows = _read(partition, folder)
    events = arrange(rows)
    counts = np.bincount(events[USER].to_numpy(), minlength=len(users))
    present = counts > 0
    users = users.select(USER_ID, pl.Series(_EVENTS, counts)).filter(present)
    write_table(_users_file(folder, partition.number), users)
    write_table(_events_file(folder, partition.number), events.drop(USER))
    behaviours = events.filter(pl.col(TYPE) != impression)
    hours = (behaviours[EVENT_TIME] // 3600).value_counts()
    return SortedPartition(
        partition.number,
        partition.pieces,
        len(events),
        len(rows) - len(events),
        len(behaviours),
        Counter(dict(hours.iter_rows())),
    )


def read_partition(number: int, folder: str, impression: int) -> Histories:
    """The histories of a partition, without features of users."""
    users = read_table(_users_file(folder, number))
    offsets = offsets_of(users[_EVENTS].to_numpy())
    events = read_table(_events_file(folder, number))
    return Histories(users.drop(_EVENTS), offsets, events, impression)


def join_pieces(pieces: Sequence[Histories], own: int) -> Histories:
    """The whole history of one user, of which the piece `own` is wanted."""
    ends = offsets_of(np.array([len(piece.events) for piece in pieces]))
    whole = next(piece for piece in pieces if len(piece.users))
    return replace(
        whole,
        offsets=ends[[0, -1]],
        events=pl.concat([piece.events for piece in pieces]),
        own=(int(ends[own]), int(ends[own + 1])),
    )


def _read(partition: Partition, folder: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Users in the order of their hashes, and their events with places among these users."""
    found = [_users(piece, n, folder) for n, piece in enumerate(partition.slices)]
    users = pl.concat(found).sort(KEY, USER_ID)
    users = users.with_columns(pl.struct(KEY, USER_ID).rle_id().alias(USER))
    different = users.unique(USER, keep="first", maintain_order=True)
    belongs = _belongs(different[USER_ID], partition)
    parts = []
    for number, piece in enumerate(partition.slices):
        place = users.filter(pl.col("part") == number).sort("place")[USER].to_numpy()
        parts.append(_events(piece, place, belongs, folder))
    events = pl.concat(parts)
    if partition.since is not None:
        events = events.filter(pl.col(EVENT_TIME) >= partition.since)
    if partition.until is not None:
        events = events.filter(pl.col(EVENT_TIME) < partition.until)
    return different, events


def _users(piece: Slice, number: int, folder: str) -> pl.DataFrame:
    users = read_rows(users_path(piece.part, folder), *piece.users)
    return users.select(KEY, pl.col(USER_ID).cast(pl.String), part=number).with_row_index("place")


def _events(piece: Slice, place: Ints, belongs: NDArray[np.bool_], folder: str) -> pl.DataFrame:
    """Events of a slice under the codes of the whole log.

    Args:
        piece: The slice.
        place: Place of each of its users in the partition.
        belongs: Whether the user at a place belongs to the partition.
        folder: Where the parts lie.
    """
    events = read_rows(events_path(piece.part, folder), *piece.events)
    user = place[events[USER].to_numpy() - piece.users[0]]
    item = item_codes(piece.part, folder)[events[ITEM].to_numpy()]
    kind = type_codes(piece.part, folder)[events[TYPE].to_numpy()]
    coded = events.with_columns(
        pl.Series(USER, user.astype(np.int64)), pl.Series(ITEM, item), pl.Series(TYPE, kind)
    )
    return coded if belongs.all() else coded.filter(pl.Series(belongs[user]))


def _belongs(user_ids: pl.Series, partition: Partition) -> NDArray[np.bool_]:
    if partition.user is not None:
        return (user_ids == partition.user).to_numpy()
    return ~user_ids.is_in(partition.without).to_numpy()


def _users_file(folder: str, number: int) -> str:
    return join(folder, f"{number:05d}-users.arrow")


def _events_file(folder: str, number: int) -> str:
    return join(folder, f"{number:05d}-events.arrow")
