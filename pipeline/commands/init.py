"""`sluice init`: a first settings file for the user's own log."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.shared import Exit, errors_reported

EXAMPLES = (
    "sluice init --events events.csv --out my.yaml",
    "sluice init --events log/ --items items.parquet --users users.csv --out shop.yaml",
    "sluice init --events e.csv --column user_id=who --column item_id=what --out my.yaml",
)

_OPTIONAL = ("event_id", "request_id", "position")

Out = Annotated[Path, typer.Option(metavar="FILE", help="Settings file to write.")]
Events = Annotated[
    str, typer.Option(metavar="PATH", help="The log: CSV or Parquet; a file, a folder or a glob.")
]
Items = Annotated[str | None, typer.Option(metavar="PATH", help="What is known of the items.")]
Users = Annotated[str | None, typer.Option(metavar="PATH", help="What is known of the users.")]
Name = Annotated[
    str | None, typer.Option(metavar="NAME", help="Name of the pipeline (by default from --out).")
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="OURS=THEIRS",
        help="Which column of the log holds user_id, item_id, event_time, event_type, event_id, "
        "request_id or position, where its name does not tell. May be given several times.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the settings file.")]


def init(
    events: Events,
    out: Out,
    items: Items = None,
    users: Users = None,
    name: Name = None,
    column: Columns = None,
    force: Force = False,
) -> None:
    """Write a first settings file from your tables.

    It looks at the columns and says what it assumed. A log with a user, an item and a time in
    each row is enough. Columns are recognised by their usual names (userId, customer_id,
    product_id, movieId, timestamp, date ...); the remaining columns of the items and users
    tables become features.
    """
    with errors_reported():
        from pipeline.starter.plan import make_plan
        from pipeline.starter.sample import read_sample
        from pipeline.starter.writing import render

        if out.exists() and not force:
            typer.secho(f"sluice: {out} exists. Choose another --out, or give --force.", err=True)
            raise typer.Exit(Exit.USAGE)
        paths = {"events": events, "items": items, "users": users}
        samples = {table: read_sample(path, table) for table, path in paths.items() if path}
        plan = make_plan(samples, _chosen(column or []))
        _write(out, render(plan, name or _name_from(out), out))
        typer.echo(f"Wrote {out}. It assumes:")
        for assumption in plan.assumptions:
            typer.echo(f"  - {assumption}")
        typer.echo(f"Look it through, then run: sluice run --config {out}")


def _write(out: Path, text: str) -> None:
    """Writes the file in one step, once it is sure that it will be taken."""
    from pipeline.loading import load_settings

    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        load_settings(draft)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _chosen(pairs: list[str]) -> dict[str, str]:
    ours = ("user_id", "item_id", "event_time", "event_type", *_OPTIONAL)
    chosen = dict(pair.partition("=")[::2] for pair in pairs)
    if wrong := [name for name, theirs in chosen.items() if name not in ours or not theirs]:
        raise typer.BadParameter(
            f"--column takes OURS=THEIRS, OURS being one of {', '.join(ours)}. "
            f"Received: {wrong[0]}."
        )
    return chosen


def _name_from(out: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", out.stem.lower()).strip("-")[:63] or "my-shop"
