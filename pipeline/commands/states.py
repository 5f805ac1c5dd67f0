"""`sluice import-states`: the users' states of a run, into the store that the clients read."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, Json, errors_reported, print_json

if TYPE_CHECKING:
    from serving.user_state.store import UserStateStore

EXAMPLES = (
    "sluice import-states --config my.yaml --sqlite states.sqlite",
    "sluice import-states --config my.yaml --redis redis://localhost:6379/0",
)

Sqlite = Annotated[
    Path | None, typer.Option(metavar="FILE", help="SQLite file; made where there is none.")
]
RedisUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL", envvar="SLUICE_REDIS", help="Redis; also taken from $SLUICE_REDIS."
    ),
]


def import_states(
    config: Config, sqlite: Sqlite = None, redis: RedisUrl = None, as_json: Json = False
) -> None:
    """Bring the states of the latest run into the store that the clients of users read.

    Run it after each run of the pipeline; clients may read and write meanwhile. A stored state that
    has seen later events than the run is kept, with the run's features. An import that was cut
    short is made good by the next one.
    """
    if (sqlite is None) == (redis is None):
        raise typer.BadParameter("give either --sqlite or --redis.")
    with errors_reported():
        from pipeline.console import Console
        from pipeline.loading import load_settings
        from pipeline.user_states import user_states_file
        from serving.user_state.published import import_states as bring

        file = user_states_file(load_settings(config))
        store = _store(sqlite, redis)
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


def _store(sqlite: Path | None, redis: str | None) -> UserStateStore:
    if sqlite is not None:
        from serving.user_state.sqlite_store import SqliteUserStates

        return SqliteUserStates(sqlite)
    from serving.user_state.redis_store import RedisUserStates

    return RedisUserStates(str(redis))
