"""`sluice schedule`: continuous training on this machine."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, Exit, errors_reported
from pipeline.scheduling import SETTLE_MINUTES

if TYPE_CHECKING:
    from pipeline.scheduling.diary import Entry

EXAMPLES = (
    "sluice schedule --config my.yaml",
    "sluice schedule --config my.yaml --every 7d --on-drift 0.5 --refresh-items 10m",
    "sluice schedule --config my.yaml --once --catch-up",
)

_EXITS = {
    "failed": Exit.FAILURE,
    "refused": Exit.USAGE,
    "withheld": Exit.WITHHELD,
    "interrupted": Exit.INTERRUPTED,
}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(text: str) -> float:
    """A time such as 90s, 10m, 6h or 1d, in seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if found is None:
        raise typer.BadParameter(f"a time is a number and s, m, h or d, such as 10m; not {text!r}")
    return float(found[1]) * _SECONDS[found[2]]


def _pause(text: str) -> float:
    """A time that something is repeated after, in seconds."""
    seconds = _duration(text)
    if seconds <= 0.0:
        raise typer.BadParameter(f"the time between two must be longer than nothing; not {text!r}")
    return seconds


Every = Annotated[
    float,
    typer.Option(
        parser=_duration, metavar="TIME", help="Train at most so often; by default on each span."
    ),
]
OnDrift = Annotated[
    float | None,
    typer.Option(
        "--on-drift",
        min=0.0,
        max=1.0,
        metavar="SHARE",
        help="Train at once where a drift reaches this share of the DataGate's bound.",
    ),
]
CatchUp = Annotated[
    bool,
    typer.Option(
        "--catch-up", help="Train on each span that was missed, in order; not with --every."
    ),
]
RefreshItems = Annotated[
    float | None,
    typer.Option(
        parser=_pause, metavar="TIME", help="Refresh the items so often, without training."
    ),
]
Poll = Annotated[
    float,
    typer.Option(parser=_pause, metavar="TIME", help="Look so often whether a span is new."),
]
Settle = Annotated[
    float,
    typer.Option(
        parser=_duration,
        metavar="TIME",
        help="A day is complete so long after its end, and a span so long after the last write.",
    ),
]
Retry = Annotated[
    float,
    typer.Option(parser=_duration, metavar="TIME", help="Wait so long after a run that failed."),
]
Once = Annotated[bool, typer.Option("--once", help="Do what is due now, and end.")]


def schedule(
    config: Config,
    every: Every = "0s",  # type: ignore[assignment]
    on_drift: OnDrift = None,
    catch_up: CatchUp = False,
    refresh_items: RefreshItems = None,
    poll: Poll = "1m",  # type: ignore[assignment]
    settle: Settle = f"{SETTLE_MINUTES}m",  # type: ignore[assignment]
    retry: Retry = "10m",  # type: ignore[assignment]
    once: Once = False,
) -> None:
    """Train again and again: whenever a day or span of the log is complete.

    Each run is a `sluice run` of its own over the data window (`data.window.last`) that ends with
    the span. After an outage one run on the latest span makes up for all that was missed, since its
    window holds them; with --catch-up each gets its run, oldest first. No span is trained on twice.
    A model that a gate withholds leaves the served one alone. A run that failed or was killed is
    tried again, three times in all; then its span is given up. One that the settings stopped before
    it began is tried until they are right. All of it stands in ROOT/schedule.jsonl.

    With --once it exits as the last training ended: 1 where it failed, 2 where the settings stopped
    it, 3 where a gate withheld the model. Where another run has the root folder, it exits with 1.

    SIGTERM and Ctrl-C end it: the node that is at work is undone, those before it are kept, and the
    next schedule goes on from there. A kill does no harm either; the run ends with the schedule.
    """
    if catch_up and every:
        raise typer.BadParameter(
            "--catch-up trains on every span and --every leaves some out: give one of the two. "
            "Without --catch-up, the window of the latest span holds those before it."
        )
    with errors_reported():
        from pipeline.loading import load_settings
        from pipeline.runners.lock import SCHEDULE_LOCK_FILE, locked
        from pipeline.scheduling.child import Children
        from pipeline.scheduling.due import Plan
        from pipeline.scheduling.schedule import Schedule

        settings = load_settings(config)
        settings.root.mkdir(parents=True, exist_ok=True)
        plan = Plan(every, on_drift, catch_up, settle, retry)
        program = [sys.executable, sys.argv[0]]
        with locked(settings.root, SCHEDULE_LOCK_FILE), Children(program) as children:
            planned = Schedule(settings, config, plan, refresh_items, children, _tell)
            last = planned.run(poll, once=once)
            if children.stopping:
                raise typer.Exit(Exit.INTERRUPTED)
            raise typer.Exit(_EXITS.get(str(last), Exit.OK))


def _tell(entry: Entry) -> None:
    import datetime

    when = datetime.datetime.fromtimestamp(entry.time, datetime.UTC)
    why = f": {entry.why}" if entry.why else ""
    sys.stdout.write(f"{when:%Y-%m-%dT%H:%M:%SZ} {entry.span} {entry.what}{why}\n")
    sys.stdout.flush()
