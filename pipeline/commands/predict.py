"""`sluice predict`: lists for many users, without a server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, Json, errors_reported, print_json

if TYPE_CHECKING:
    from pipeline.settings import Settings

EXAMPLES = ("sluice predict --config my.yaml --users users.csv --k 100 --out lists.parquet",)


def predict(
    config: Config,
    users: Annotated[Path, typer.Option(metavar="FILE", help="CSV with a column user_id.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Parquet file to write.")],
    k: Annotated[int, typer.Option(min=1, help="Items for each user.")] = 100,
    as_json: Json = False,
) -> None:
    """Write the lists of many users to a Parquet file.

    It runs the model that users are served in this process; no server is needed. A version that is
    only on trial, or was taken back, answers for nobody here.

    The columns are user_id, rank (from 1), item_id and score (a probability; highest first, unless
    the settings ask for recommender.diversity). Each user is asked for with the whole history of
    the log, as of the log's last event; a user without one gets the cold-start list. A user who is
    named several times stands in the result once, at the place of the first. Fewer than k items
    come where the catalogue, or what the model retrieves (recommender.candidates in the settings),
    has no more to offer.
    """
    with errors_reported(as_json):
        from pipeline.loading import load_settings
        from pipeline.runners.interruption import Interruption

        settings = load_settings(config)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        with Interruption():
            facts = _predict(settings, users, out, k, as_json)
        if as_json:
            print_json(facts)


def _predict(
    settings: Settings, users: Path, out: Path, k: int, as_json: bool
) -> dict[str, str | int]:
    from pipeline.console import Console
    from pipeline.runners.output import output_to
    from pipeline.serving_folder import pushed_model
    from pipeline.user_states import end_of_log, user_states_file

    model, states = pushed_model(settings), user_states_file(settings)
    with output_to(settings.root / "logs" / "predict.log") as real:
        console = Console(real.stderr if as_json else real.stdout)
        with console.step("Loading TensorFlow"):
            from pipeline import prediction
            from serving.user_store import UserStore
        wanted = prediction.read_users(users)
        with console.step(f"Predicting for {len(wanted):,} users") as step:
            rows = prediction.predict(
                model,
                UserStore.open(states),
                wanted,
                request_time=end_of_log(states),
                k=k,
                out=out,
                progress=lambda done: step.tell(f"{done:,} done"),
            )
        console.line(f"Wrote {rows:,} rows to {out}, with version {model.name} of the model.")
    return {"out": str(out), "users": len(wanted), "rows": rows, "version": int(model.name)}
