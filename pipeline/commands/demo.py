"""`sluice demo`: the pushed model, served and asked, for a first impression."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands.recommend import print_list
from pipeline.commands.shared import Config, errors_reported

if TYPE_CHECKING:
    from pipeline.console import Console
    from pipeline.settings import Settings
    from serving.query import Query, Recommendation

EXAMPLES = ("sluice demo --config my.yaml",)

NEWCOMER = "somebody-new"
_ITEMS = 10


def demo(config: Config) -> None:
    """Serve the model that users are served, and ask it for three users.

    It starts a server on a free port, asks it over gRPC, and stops it. Two of the users are
    known to the log, one with a short and one with a long history; the third is not.
    """
    with errors_reported():
        from pipeline.console import Console
        from pipeline.loading import load_settings
        from pipeline.runners.interruption import Interruption
        from pipeline.runners.output import output_to
        from pipeline.serving_folder import pushed_model
        from pipeline.titles import item_titles
        from pipeline.user_states import user_states_file

        settings = load_settings(config)
        model, states = pushed_model(settings), user_states_file(settings)
        titles = item_titles(settings)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        log = settings.root / "logs" / "demo.log"
        with Interruption(), output_to(log) as real:
            console = Console(real.stdout)
            answers = _ask(settings, model, states, console)
            console.line()
            for query, items in answers:
                print_list(console, query, items, titles)
            console.line(f"Answered over gRPC by version {model.name}; the server has stopped.")
            console.line(f"Report: {settings.root / 'report' / 'report.html'}")


def _ask(
    settings: Settings, model: Path, states: Path, console: Console
) -> list[tuple[Query, list[Recommendation]]]:
    """Starts a server of the model alone, asks it, and stops it."""
    from pipeline.user_states import end_of_log
    from serving.user_store import UserStore

    with contextlib.ExitStack() as running:
        with console.step("Starting the model server"):
            from serving.client import RecommenderClient
            from serving.embedded import embedded_server

            log = settings.root / "logs" / "demo-server.log"
            folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
            (folder / model.name).symlink_to(model.resolve())
            server = running.enter_context(embedded_server(folder, log_path=log))
            client = running.enter_context(RecommenderClient(server.address))
        users = [*_two_users(states), NEWCOMER]
        with console.step("Asking for three users"):
            queries = UserStore.open(states).queries(users, end_of_log(states))
            lists = client.recommend(queries, _ITEMS)
        with console.step("Stopping the server"):
            running.close()
    return list(zip(queries, lists, strict=True))


def _two_users(states: Path) -> list[str]:
    """A user with a short history and one with a long one, the same ones every time."""
    import polars as pl

    length = pl.col("history_item_id").list.len()
    users = pl.scan_parquet(states).select("user_id", length.alias("events")).collect()
    users = users.filter(pl.col("events") > 0).sort("events", "user_id")
    rows = dict.fromkeys(round(share * (users.height - 1)) for share in (0.1, 0.9))
    return [users["user_id"][row] for row in rows]
