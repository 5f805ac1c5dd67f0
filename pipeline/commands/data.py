"""`sluice data fetch`: a public data set into the cache folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.shared import Json, errors_reported, print_json

EXAMPLES = (
    "sluice data fetch movielens-100k",
    "sluice data fetch movielens-100k --archive ~/Downloads/ml-100k.zip",
)


def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="movielens-100k")],
    archive: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="GroupLens' own ml-100k.zip, downloaded by hand."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch a public data set as Parquet, checked by hash.

    It goes to $SLUICE_CACHE (by default ~/.cache/sluice) and is fetched only once. The copy comes
    out of the Python package recbole, through pip and its settings; where pip reaches no package
    index, give the official archive with --archive.
    """
    with errors_reported():
        from pipeline.console import Console
        from pipeline.datasets import movielens
        from pipeline.loading import cache_dir

        if name != movielens.NAME:
            raise typer.BadParameter(f"there is one data set: {movielens.NAME}. Received: {name}.")
        console = Console(sys.stderr if as_json else sys.stdout)
        with console.step(f"Fetching {name}") as step:
            fetched = movielens.fetch(cache_dir(), archive)
            step.finish("cached" if fetched.cached else "done")
        rows = {f"{table}.parquet": f"{count:,} rows" for table, count in fetched.rows.items()}
        console.facts({"folder": str(fetched.folder), "source": fetched.source, **rows})
        console.line()
        console.line(movielens.TERMS, "dim")
        if as_json:
            print_json(
                {
                    "folder": str(fetched.folder),
                    "rows": fetched.rows,
                    "cached": fetched.cached,
                    "source": fetched.source,
                    "terms": movielens.TERMS,
                }
            )
