"""The users' histories as the latest run left them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.errors import RunError
from pipeline.lineage import Lineage
from pipeline.settings import Settings

_TYPE = "SluiceUserStates"
_FILE = "users.parquet"


def user_states_file(settings: Settings) -> Path:
    """The file of the latest run.

    Raises:
        RunError: There was no run that got so far.
    """
    lineage = Lineage.of(settings)
    folder = lineage.latest_artifact(_TYPE) if lineage else None
    if folder is None:
        raise RunError(
            "histories come from a run of the pipeline. Received: "
            f"{settings.root}, where none has written any. Run it first: sluice run --config FILE."
        )
    return folder / _FILE


def end_of_log(file: Path) -> int:
    """Time of the last event, unix seconds: the moment as of which users are asked for.

    Recency is measured from the request to the events before it. Asked as of today, a log that
    ended long ago would look like nothing the models have seen.
    """
    last = pl.scan_parquet(file).select(pl.col("history_time").list.max().max()).collect().item()
    return int(last or 0)
