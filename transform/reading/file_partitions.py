"""Partitions of a log: Hive folders, spans and days in the path, and windows of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import unquote

from transform.errors import DataError
from transform.settings import Window

_DAY_MARKS = ("YYYY", "MM", "DD")
_MARK = re.compile(r"\{(SPAN|YYYY|MM|DD)\}")
_TOKEN = re.compile(r"\{(?:SPAN|YYYY|MM|DD)\}|\*\*/?|\*|\?|\[[^]]*\]")
_DIGITS = {"SPAN": r"\d+", "YYYY": r"\d{4}", "MM": r"\d{2}", "DD": r"\d{2}"}
_GLOBS = {"**": ".*", "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_HIVE = re.compile(r"([^=]+)=(.*)")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_LISTED = 5


@dataclass(frozen=True)
class Partition:
    """Where a file lies among others.

    Attributes:
        name: `dt=2024-03-31/country=AT`, `2024-03-31`, `7`; empty where there are no partitions.
        place: Its day or the number of its span, None where it has neither.
        columns: Keys and values of Hive folders, for use as columns.
    """

    name: str
    place: date | int | None = None
    columns: tuple[tuple[str, str | None], ...] = ()

    @property
    def key(self) -> tuple[int, str]:
        """Orders partitions: by day or span, then by name."""
        place = self.place.toordinal() if isinstance(self.place, date) else self.place
        return (-1 if place is None else place, self.name)


class Partitioning:
    """How the files of a path are partitioned.

    Attributes:
        glob: The path with a wildcard for each mark.
        base: The part of the path before any wildcard, mark or Hive folder.
    """

    def __init__(self, path: str) -> None:
        """Reads the marks in a path.

        Raises:
            DataError: If they make neither a span nor a day.
        """
        marks = set(_MARK.findall(path))
        if marks not in (set(), {"SPAN"}, set(_DAY_MARKS)):
            raise DataError(
                "A path may hold {SPAN}, or {YYYY}, {MM} and {DD} together. "
                f"Received: {path!r}. Add what is missing, or write `*` instead."
            )
        self.glob = _MARK.sub("*", path)
        self.base = _fixed_part(path)
        self._pattern = re.compile(_pattern(path)) if marks else None

    def partition_of(self, file: str) -> Partition | None:
        """The partition of a file; None where its path does not fit the marks.

        Raises:
            DataError: If the path names a day that is none.
        """
        if self._pattern is None:
            return _hive(file.removeprefix(self.base))
        found = self._pattern.fullmatch(file)
        if found is None:
            return None
        if "SPAN" in found.groupdict():
            return Partition(found["SPAN"], int(found["SPAN"]))
        day = _day(*(found[mark] for mark in _DAY_MARKS))
        if day is None:
            raise DataError(
                f"{{YYYY}}, {{MM}} and {{DD}} must stand for a day. Received: {file}. Correct the "
                "pattern in the path, or rename the file."
            )
        return Partition(day.isoformat(), day)


def in_window(partitions: Iterable[Partition], window: Window) -> set[Partition]:
    """The partitions that a window reaches.

    Raises:
        DataError: If there are none, or no partitions to choose from.
    """
    found = sorted(set(partitions), key=lambda partition: partition.key)
    # What Hive could not place (`dt=__HIVE_DEFAULT_PARTITION__`) lies in no window.
    found = [partition for partition in found if None not in dict(partition.columns).values()]
    if unplaced := [partition for partition in found if partition.place is None]:
        raise DataError(
            "`data.window` chooses among partitions by day or span: Hive folders such as "
            "dt=2024-03-31, or {SPAN} or {YYYY}-{MM}-{DD} in `data.events.path`. Received: files "
            f"{_outside(unplaced[0])}. Partition the log, or leave `window` out."
        )
    places = [partition.place for partition in found if partition.place is not None]
    if not places:
        raise DataError(
            "`data.window` needs a partition with a day. Received: only "
            f"{_NO_VALUE}. Partition the log, or leave `window` out."
        )
    until = max(places, key=_number) if window.until is None else window.until
    if isinstance(until, date) != isinstance(places[0], date):
        raise DataError(
            f"`data.window.until` must be {'a day' if isinstance(places[0], date) else 'a span'}, "
            f"as the partitions are. Received: {until}, where there are {_listed(places)}. "
            "Correct it, or leave it out for the latest."
        )
    low = until - (timedelta(window.last) if isinstance(until, date) else window.last)  # type: ignore[operator]
    chosen = {p for p in found if _number(low) < _number(p.place) <= _number(until)}
    if not chosen:
        raise DataError(
            f"`data.window` must reach a partition. Received: the last {window.last} until "
            f"{until}, where there are {_listed(places)}. Correct `last` or `until`."
        )
    return chosen


def _number(place: date | int | None) -> int:
    return place.toordinal() if isinstance(place, date) else place or 0


def _outside(partition: Partition) -> str:
    return f"in {partition.name!r}" if partition.name else "in no partition"


def _listed(places: list[date | int]) -> str:
    names = [str(place) for place in dict.fromkeys(places)]
    if len(names) <= 2 * _LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:_LISTED])} ... {names[-1]} ({len(names)} partitions)"


def _fixed_part(path: str) -> str:
    """Leading folders that are the same for all files; trailing Hive folders do not count."""
    wild = _TOKEN.search(path)
    fixed = path[: wild.start()].rpartition("/")[0] if wild else path
    while _HIVE.fullmatch(fixed.rpartition("/")[2]):
        fixed = fixed.rpartition("/")[0]
    return fixed


def _pattern(path: str) -> str:
    """A regular expression for a path with marks and wildcards, and for what lies below it."""
    pattern, end, seen = "", 0, set()
    for token in _TOKEN.finditer(path):
        pattern += re.escape(path[end : token.start()])
        end = token.end()
        mark = token[0].strip("{}")
        if mark in _DIGITS:
            pattern += f"(?P={mark})" if mark in seen else f"(?P<{mark}>{_DIGITS[mark]})"
            seen.add(mark)
        else:
            pattern += _GLOBS.get(token[0], token[0].replace("[!", "[^"))
    return pattern + re.escape(path[end:]) + "(?:/.*)?"


def _hive(below: str) -> Partition:
    pairs = [found.groups() for part in below.split("/")[:-1] if (found := _HIVE.fullmatch(part))]
    columns = tuple(
        (unquote(key), None if value == _NO_VALUE else unquote(value)) for key, value in pairs
    )
    name = "/".join(f"{key}={value}" for key, value in pairs)
    return Partition(name, _day_of(columns), columns)


def _day_of(columns: tuple[tuple[str, str | None], ...]) -> date | None:
    """The day in the first value that is one, or in the keys year, month and day."""
    for _, value in columns:
        found = _DAY.fullmatch(value or "")
        if found and (day := _day(*found.groups())):
            return day
    parts = {key.lower(): value for key, value in columns}
    apart = [parts.get(key) or "" for key in ("year", "month", "day")]
    return _day(*apart) if all(part.isdigit() for part in apart) else None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
