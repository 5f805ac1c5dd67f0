"""`sluice data simulate`: a shop with known truth, as large as one likes."""

from __future__ import annotations

import datetime
import json
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.shared import Exit, Json, errors_reported, print_json

if TYPE_CHECKING:
    from pipeline.console import Console, Step

EXAMPLES = (
    "sluice data simulate shop --events 100000 --seed 7",
    "sluice data simulate shop --events 5000000 --drift 0.8 --heavy-user 1000000",
)

Out = Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write into.")]
Events = Annotated[int, typer.Option(help="About how many events, 10 thousand to 100 million.")]
Seed = Annotated[int, typer.Option(help="The same seed and sizes give the same files.")]
Users = Annotated[int | None, typer.Option(help="Number of users. By default 1 per 100 events.")]
Items = Annotated[int | None, typer.Option(help="Number of items. By default 2 sqrt(events).")]
Days = Annotated[int, typer.Option(help="Days that the log covers.")]
Drift = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="After this share of the time line, tastes, popularity, devices and countries shift.",
    ),
]
HeavyUser = Annotated[
    int, typer.Option(metavar="N", help="About how many of the events are one user's.")
]


def simulate(
    out: Out,
    events: Events = 100_000,
    seed: Seed = 7,
    users: Users = None,
    items: Items = None,
    days: Days = 90,
    drift: Drift = None,
    heavy_user: HeavyUser = 0,
    as_json: Json = False,
) -> None:
    """Write the log of a simulated shop, and its truth.

    Users with tastes come and go, see pages whose order biases their clicks, search, and take one
    thing after another; items come in new and are retired. The log is Parquet, partitioned by day.
    The truth lies beside it: every impression's propensity and relevance, the factors of users and
    items, what follows what.
    """
    with errors_reported(as_json):
        from pipeline.console import Console

        console = Console(sys.stderr if as_json else sys.stdout)
        sizes = {"users": users, "items": items, "days": days, "drift": drift}
        options = {"out": out, "events": events, "seed": seed, "heavy-user": heavy_user, **sizes}
        started = time.monotonic()
        with console.step("Simulating") as step:
            summary = _run(options, step)
        seconds = time.monotonic() - started
        if as_json:
            print_json({"folder": str(out), "seconds": seconds, **summary})
        _show(console, out, summary, seconds)


def _run(options: dict[str, Any], step: Step) -> dict[str, Any]:
    """Runs the simulation in a process of its own; it meets the product only through files."""
    given = [f"--{name}={value}" for name, value in options.items() if value is not None]
    # -P: a folder `simulation` that happens to lie here must not be taken for ours.
    command = [sys.executable, "-P", "-m", "simulation", *given, "--json"]
    started = time.monotonic()
    summary: dict[str, Any] = {}
    with tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            for line in _lines(process):
                summary = line.get("summary", summary)
                if rows := line.get("rows"):
                    rate = rows / (time.monotonic() - started)
                    step.tell(f"{rows:,} events, {rate:,.0f} a second")
        errors.seek(0)
        _check(process.returncode, errors.read().strip())
    return summary


def _lines(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What the simulation says; it is stopped, and tidies up, where nobody listens any more."""
    assert process.stdout is not None  # noqa: S101 -- it is a pipe
    try:
        for line in process.stdout:
            yield json.loads(line)
    except BaseException:
        process.send_signal(signal.SIGINT)
        raise


def _check(code: int, said: str) -> None:
    from pipeline.errors import RunError

    if code == Exit.USAGE:
        raise typer.BadParameter(said.splitlines()[-1] if said else "the simulation refused it.")
    if code == Exit.INTERRUPTED:
        raise KeyboardInterrupt
    if code:
        last = said.splitlines()[-1] if said else "nothing"
        raise RunError(
            f"the simulation must end with exit code 0. Received: {code}; it said: {last} "
            "Mend what it names, and run it again."
        )


def _show(console: Console, out: Path, summary: dict[str, Any], seconds: float) -> None:
    rows, megabytes = summary["events"], summary["bytes"] / 1e6
    kinds = ", ".join(f"{count:,} {name}" for name, count in summary["event_types"].items())
    facts = {
        "events": f"{out / 'events'}: {rows:,} rows in {summary['files']:,} files "
        f"({megabytes:,.1f} MB), {rows / seconds:,.0f} a second",
        "event types": kinds,
        "items": f"{out / 'items.parquet'}: {summary['items']:,} rows",
        "users": f"{out / 'users.parquet'}: {summary['users']:,} rows",
        "truth": str(out / "truth"),
    }
    if summary["drift_time"] is not None:
        drift = datetime.datetime.fromtimestamp(summary["drift_time"], tz=datetime.UTC)
        facts["drift"] = f"from {drift:%Y-%m-%d} on"
    console.facts(facts)
    tables = {"events": out / "events", "items": out / "items.parquet"}
    tables["users"] = out / "users.parquet"
    options = " ".join(f"--{name} {shlex.quote(str(path))}" for name, path in tables.items())
    console.line()
    console.line(f"Next: sluice init {options} --out shop.yaml")
