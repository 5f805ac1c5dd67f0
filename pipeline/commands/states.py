"""`sluice import-states`: the users' states of a run, into the store that the clients read."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, Json, RedisUrl, errors_reported, print_json

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from serving.user_state.store import UserStateStore

EXAMPLES = (
    "sluice import-states --config my.yaml --sqlite states.sqlite",
    "sluice import-states --config my.yaml --redis redis://localhost:6379/0",
)

Sqlite = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="SQLite file; by default the one that `sluice stream` uses."),
]


def import_states(
    context: typer.Context,
    config: Config,
    sqlite: Sqlite = None,
    redis: RedisUrl = None,
    as_json: Json = False,
) -> None:
    """Bring the states of the latest run into the store that the clients of users read.

    Run it after each run of the pipeline; clients may read and write meanwhile. A stored state that
    has seen later events than the run is kept, with the run's features; so is one that live events
    are brought to. An import that was cut short is made good by the next one.

    Let `sluice stream consume` finish before the first import: an event that is in the run's log
    and still in the stream counts twice for a user who is new to the store.
    """
    asked = context.get_parameter_source("redis")
    if sqlite is not None and asked is not None and asked.name == "COMMANDLINE":
        raise typer.BadParameter("give either --sqlite or --redis.")
    with errors_reported(as_json):
        from pipeline.console import Console
        from pipeline.loading import load_settings
        from pipeline.user_states import user_states_file
        from serving.user_state.published import import_states as bring

        settings = load_settings(config)
        file = user_states_file(settings)
        store = _store(settings, sqlite, redis)
        try:
            done = bring(file, store)
        finally:
            store.close()
        if as_json:
            print_json({"file": str(file), **dataclasses.asdict(done)})
            return
        Console(sys.stdout).facts(
            {
                "users of the run": f"{done.users:,}",
                "records written": f"{done.written:,}",
                "kept, as they are ahead of the run": f"{done.ahead:,}",
            }
        )


def _store(settings: Settings, sqlite: Path | None, redis: str | None) -> UserStateStore:
    if sqlite is None:
        from pipeline.event_stream import StreamPlace

        return StreamPlace(settings, redis).store()
    from serving.user_state.sqlite_store import SqliteUserStates

    return SqliteUserStates(sqlite)
