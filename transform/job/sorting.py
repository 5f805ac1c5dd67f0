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
    # In order before it is cut: an event may be delivered again at a time of another piece.
    events = _piece(arrange(rows), partition)
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
        len(_piece(rows, partition)) - len(events),
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
    """Users in the order of their hashes, and their events with places among these users.

    Of a user in pieces these are the events of all pieces: later stages need as many at once.
    """
    users, places = _users(partition.slices, folder)
    belongs = _belongs(users[USER_ID], partition)
    events = _events(partition.slices, places, folder)
    if not belongs.all():
        events = events.filter(pl.Series(belongs[events[USER].to_numpy()]))
    return users, events


def _piece(events: pl.DataFrame, partition: Partition) -> pl.DataFrame:
    """The events of the partition, where it is a piece of its user."""
    if partition.since is not None:
        events = events.filter(pl.col(EVENT_TIME) >= partition.since)
    if partition.until is not None:
        events = events.filter(pl.col(EVENT_TIME) < partition.until)
    return events


def _users(slices: Sequence[Slice], folder: str) -> tuple[pl.DataFrame, list[Ints]]:
    """Different users in order, and for each slice the place of its users among them."""
    found = [read_rows(users_path(piece.part, folder), *piece.users) for piece in slices]
    users = pl.concat(found).with_row_index("row").sort(KEY, USER_ID)
    users = users.with_columns(pl.struct(KEY, USER_ID).rle_id().alias(USER))
    place = np.empty(len(users), np.int64)
    place[users["row"].to_numpy()] = users[USER].to_numpy()
    ends = np.cumsum([len(part) for part in found])
    return users.unique(USER, keep="first", maintain_order=True), np.split(place, ends[:-1])


def _events(slices: Sequence[Slice], places: Sequence[Ints], folder: str) -> pl.DataFrame:
    """Events of all slices under the codes of the whole log.

    Args:
        slices: The slices.
        places: Place of each of their users in the partition.
        folder: Where the parts lie.
    """
    found, user, item, kind = [], [], [], []
    for piece, place in zip(slices, places, strict=True):
        events = read_rows(events_path(piece.part, folder), *piece.events)
        found.append(events)
        user.append(place[events[USER].to_numpy() - piece.users[0]])
        item.append(item_codes(piece.part, folder)[events[ITEM].to_numpy()])
        kind.append(type_codes(piece.part, folder)[events[TYPE].to_numpy()])
    codes = {USER: user, ITEM: item, TYPE: kind}
    coded = [pl.Series(name, np.concatenate(parts)) for name, parts in codes.items()]
    return pl.concat(found).with_columns(coded)


def _belongs(user_ids: pl.Series, partition: Partition) -> NDArray[np.bool_]:
    if partition.user is not None:
        return (user_ids == partition.user).to_numpy()
    return ~user_ids.is_in(partition.without).to_numpy()


def _users_file(folder: str, number: int) -> str:
    return join(folder, f"{number:05d}-users.arrow")


def _events_file(folder: str, number: int) -> str:
    return join(folder, f"{number:05d}-events.arrow")
