"""Reading small logs the way the job does."""

import polars as pl

from transform.reading.event_source import EventReader
from transform.settings import DataSettings, Table

NOW = 1_800_000_000
DAY = 24 * 3600


def reader_of(path, features=(), window=None, rows_per_part=1 << 20, **settings):
    data = DataSettings(events=Table(path=str(path), **settings), window=window)
    return EventReader.open(data, features, now=NOW, rows_per_part=rows_per_part)


def parts_of(reader):
    return [part for chunk in reader.chunks for part in reader.read(chunk)]


def events(path, *args, **settings):
    return pl.concat(part.frame for part in parts_of(reader_of(path, *args, **settings)))


def dead(path, **settings):
    letters = pl.concat(part.dead for part in parts_of(reader_of(path, **settings)))
    return letters.select("row", "reason").rows()


def log(rows, start=0):
    numbers = range(start, start + rows)
    return pl.DataFrame(
        {
            "user_id": [f"u{n % 7}" for n in numbers],
            "item_id": [f"i{n}" for n in numbers],
            "event_time": [1000 + n for n in numbers],
            "unused": ["x" * 50] * rows,
        }
    )


def csv(path, *rows, header="user_id,item_id,event_time"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path
