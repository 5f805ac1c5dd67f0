"""`sluice recommend`: ask a running server for single users."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, Json, errors_reported, print_json

if TYPE_CHECKING:
    from pipeline.console import Console
    from serving.query import Query, Recommendation

EXAMPLES = (
    "sluice recommend --config my.yaml --user 17",
    "sluice recommend --config my.yaml --user 17 --user newcomer --k 5 --json",
)
_RECENT = 10

Users = Annotated[list[str], typer.Option(metavar="ID", help="May be given several times.")]
Address = Annotated[str, typer.Option(metavar="HOST:PORT", help="Of the server.")]


def recommend(
    config: Config,
    user: Users,
    k: Annotated[int, typer.Option(min=1, help="Items for each user.")] = 10,
    address: Address = "127.0.0.1:8500",
    as_json: Json = False,
) -> None:
    """Ask a running server for recommendations.

    `sluice serve` runs one. The users' histories come from the last run, and they are asked for
    as of the log's last event. A user that the log does not know is a cold start, not an error.
    """
    with errors_reported(as_json):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        from pipeline.console import Console
        from pipeline.loading import load_settings
        from pipeline.titles import item_titles
        from pipeline.user_states import end_of_log, user_states_file
        from serving.client import RecommenderClient
        from serving.user_store import UserStore

        settings = load_settings(config)
        states = user_states_file(settings)
        queries = UserStore.open(states).queries(user, end_of_log(states))
        titles = item_titles(settings)
        with RecommenderClient(address) as client:
            lists = client.recommend(queries, k)
        answers = list(zip(queries, lists, strict=True))
        if as_json:
            facts = [as_facts(query, items, titles) for query, items in answers]
            print_json({"recommendations": facts})
        else:
            for query, items in answers:
                print_list(Console(sys.stdout), query, items, titles)


def as_facts(
    query: Query, items: list[Recommendation], titles: dict[str, str]
) -> dict[str, object]:
    """One user's list as plain values."""
    return {
        "user_id": query.user_id,
        "known": bool(query.history_item_id),
        "items": [
            {"item_id": item.item_id, "title": titles.get(item.item_id), "score": item.score}
            for item in items
        ],
    }


def print_list(
    console: Console, query: Query, items: list[Recommendation], titles: dict[str, str]
) -> None:
    """One user's list beside the user's latest events, the newest first."""
    from pipeline.titles import readable

    events = len(query.history_item_id)
    known = f"{events:,} events in the log" if events else "unknown to the log: a cold start"
    recent = list(reversed(query.history_item_id[-max(_RECENT, len(items)) :]))
    recent += [""] * (len(items) - len(recent))
    rows = [
        [str(rank), readable(item.item_id, titles), f"{item.score:.3f}", readable(before, titles)]
        for rank, (item, before) in enumerate(zip(items, recent, strict=False), start=1)
    ]
    columns = ["", "recommended", "score", "latest events"]
    if not events:
        columns, rows = columns[:3], [row[:3] for row in rows]
    console.table(columns, rows, title=f"User {query.user_id} ({known})")
    console.line()
