"""`sluice refresh-items`: the served model over the items as they are now, without a training."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, Json, errors_reported

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

    from pipeline.settings import Settings

EXAMPLES = (
    "sluice refresh-items --config my.yaml",
    "sluice refresh-items --config my.yaml --items today/items.parquet --json",
)

# It asks a server, while lists and scores are measured in this process.
BESIDE = ("ServingValidator",)

Items = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="The items table, whole [`data.items` of the settings]."),
]


def refresh_items(config: Config, items: Items = None, as_json: Json = False) -> None:
    """Bring the served model up to date with the items table, without training.

    New items get their vectors from their content, through the towers of the served version;
    content and availability of all others are read again. Index and tables are built anew and
    published as a new version, behind the same gates as after a training, held-out requests
    included. The version that is served goes on being served until then.

    Where the items are what they were, nothing is done. It is refused while a version is on trial
    as canary; a version that a rollback or a canary's withdrawal took back is withheld, unless its
    items have changed since. Exits with 3 where the version was withheld; the report says why, and
    of one that was taken back `sluice status`.
    """
    with errors_reported(as_json):
        from pipeline.errors import RunError
        from pipeline.loading import load_settings
        from pipeline.running import Task, run_here, tell_report
        from pipeline.serving_folder import pushed_model, why_not_refreshed

        settings = load_settings(config)
        if items is not None:
            settings = _with_items(settings, items)
        pushed_model(settings)  # refuses where there is nothing to refresh, before TFX is loaded
        if why := why_not_refreshed(settings):
            raise RunError(
                f"what is served must be settled before its items are refreshed. Received: {why}."
            )
        task = Task(_refresh, tell_report, beside=BESIDE, around=_served_ahead)
        raise typer.Exit(run_here(settings, config, as_json, task))


def _refresh(settings: Settings) -> Pipeline:
    from pipeline.item_refresh import create_pipeline

    return create_pipeline(settings)


def _served_ahead(settings: Settings, run_id: str) -> AbstractContextManager[None]:
    """A server of what is served, for the ServingValidator: ItemRefresh begins to load it."""
    from components.serving_validator.host import host_ahead, version_to_replace
    from pipeline.serving_folder import serving_folder

    log = settings.root / "logs" / f"{run_id}.server.log"
    return host_ahead(version_to_replace(serving_folder(settings)), log)


def _with_items(settings: Settings, path: str) -> Settings:
    """The same settings with another items table of the same form."""
    from pipeline.loading import expand_path
    from transform.settings import Table

    path = expand_path(path, Path.cwd(), "--items")
    table = settings.data.items or Table(path=path)
    data = settings.data.model_copy(update={"items": table.model_copy(update={"path": path})})
    return settings.model_copy(update={"data": data})
