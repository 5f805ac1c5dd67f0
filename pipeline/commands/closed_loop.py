"""`sluice simulate --loop`: the whole product around a simulated shop, day after day."""

from __future__ import annotations

import re
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Json, errors_reported, print_json

if TYPE_CHECKING:
    from pipeline.closed_loop.record import DayRecord
    from pipeline.closed_loop.retraining import Retraining
    from pipeline.console import Console

EXAMPLES = (
    "sluice simulate runs/loop --loop --days 3",
    "sluice simulate runs/loop --loop --days 14 --drift-day 5 --broken-day 10 --outage 12-13",
)

Out = Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write into.")]
Loop = Annotated[bool, typer.Option("--loop", help="Serve the shop. (A log: data simulate.)")]
Days = Annotated[int, typer.Option(min=1, help="Days that a model serves.")]
Before = Annotated[int, typer.Option(min=1, help="Days before them, for the first model.")]
Visitors = Annotated[int, typer.Option(min=1, help="About how many users come a day.")]
Users = Annotated[int, typer.Option(min=1, help="Number of users.")]
Items = Annotated[int, typer.Option(min=2, help="Number of items.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the shop.")]
Drift = Annotated[int | None, typer.Option(metavar="DAY", help="Tastes and popularity change.")]
Burst = Annotated[int | None, typer.Option(metavar="DAY", help="Many items and users come.")]
Broken = Annotated[int | None, typer.Option(metavar="DAY", help="Items come without category.")]
Outage = Annotated[
    str | None, typer.Option(metavar="FIRST-LAST", help="Days on which nothing is trained.")
]


def simulate(
    out: Out,
    loop: Loop = False,
    days: Days = 10,
    before: Before = 7,
    visitors: Visitors = 300,
    users: Users = 900,
    items: Items = 200,
    seed: Seed = 7,
    drift_day: Drift = None,
    burst_day: Burst = None,
    broken_day: Broken = None,
    outage: Outage = None,
    as_json: Json = False,
) -> None:
    """Run the whole product around a simulated shop, day after day.

    Its users see what a model server answers over gRPC and react by their true tastes. What was
    shown and done flows through the event stream into their states and into the log; each evening
    the pipeline trains on the last week of it, the gates decide, and the server swaps.

    OUT/timeline.json and timeline.html tell each day what the lists were truly worth, which
    version served, and what became of each training. OUT/settings.yaml are the pipeline's settings;
    a file that lies there already is used as it is.
    """
    if not loop:
        raise typer.BadParameter("say --loop; `sluice data simulate` writes a log of any size.")
    with errors_reported(as_json):
        from pipeline.closed_loop.loop import PAGE, RECORDS, run_loop, settings_file
        from pipeline.closed_loop.plan import LoopPlan
        from pipeline.closed_loop.retraining import SluiceRun
        from pipeline.console import Console
        from pipeline.loading import load_settings
        from pipeline.runners.interruption import Interruption

        plan = LoopPlan(
            *(days, before, visitors, users, items, seed),
            *(drift_day, burst_day, broken_day, _period(outage)),
        )
        out.mkdir(parents=True, exist_ok=True)
        console = Console(sys.stderr if as_json else sys.stdout)
        page = out / PAGE
        started = time.monotonic()

        interruption = Interruption()

        def tell(records: list[DayRecord]) -> None:
            _tell(console, records[-1])
            interruption.check()  # one that a library swallowed during the day

        config = settings_file(out)
        settings = load_settings(config)
        train = SluiceRun(config, settings)
        with interruption:
            try:
                records = run_loop(plan, out, settings, train, tell)
            except Exception:
                interruption.check()  # an interruption that came out under another name
                raise
        seconds = time.monotonic() - started
        if as_json:
            facts = {"days": len(records), "seconds": seconds}
            print_json({**facts, "timeline": str(out / RECORDS), "page": str(page)})
        console.facts({"timeline": str(page), "took": f"{seconds / 60:.0f} min"})


def _tell(console: Console, record: DayRecord) -> None:
    """A line for each day."""
    facts = [f"day {record.day}", f"{record.score:.0%} of the best lists", *record.planted]
    if record.earnings is not None and record.earnings.fell:
        facts.append(f"lists earn {-record.earnings.change:.0%} less than before: drift")
    done = record.retraining
    if done is not None:
        facts.append(f"{_ending(done)} after {done.seconds:.0f} s")
    console.line(" · ".join(facts))


def _ending(done: Retraining) -> str:
    """How a retraining ended."""
    if done.failed:
        return f"broke off ({textwrap.shorten(done.said, 80, placeholder=' ...')})"
    return "withheld" if done.version is None else f"published {done.version}"


def _period(text: str | None) -> tuple[int, int] | None:
    """Days such as 3-5."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    if found is None or int(found[1]) > int(found[2]):
        raise typer.BadParameter(f"--outage must be such as 3-5, received {text!r}.")
    return int(found[1]), int(found[2])
