"""The `sluice` command. Each verb loads what it needs itself, so that `--help` is there at once."""

from __future__ import annotations

import os
import sys

import typer

from pipeline.commands import (
    canary,
    closed_loop,
    compile,
    data,
    demo,
    doctor,
    erase,
    experiment,
    init,
    predict,
    promote,
    recommend,
    refresh_items,
    report,
    rollback,
    run,
    schedule,
    serve,
    serving_config,
    simulate,
    states,
    status,
    stream,
    submit,
    watch,
)

_HELP = """
Sluice: behaviour logs in, recommendations out, and gates in between.

A model that leaks, drifts, collapses, is miscalibrated or serves something else than it was
trained on does not reach a user.
"""

_AFTERWORD = """\b
First steps with your own log:
  sluice init --events events.csv --out my.yaml
  sluice run --config my.yaml
  sluice serve --config my.yaml

\b
Exit codes:
  0    ok
  1    failure: the message says what was wrong, the log has the rest
  2    wrong usage or settings; nothing was done
  3    the run finished, but a gate withheld the model
  130  interrupted
"""

app = typer.Typer(
    name="sluice",
    help=_HELP,
    epilog=_AFTERWORD,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


datasets = typer.Typer(help="Data sets to try Sluice with.", no_args_is_help=True)
datasets.command(epilog=_examples(*data.EXAMPLES))(data.fetch)
datasets.command(epilog=_examples(*simulate.EXAMPLES))(simulate.simulate)

streaming = typer.Typer(help="Live events.", no_args_is_help=True)
streaming.command(epilog=_examples(*stream.CONSUME))(stream.consume)
streaming.command(epilog=_examples(*stream.COMPACT))(stream.compact)
streaming.command(epilog=_examples(*stream.STATUS))(stream.status)
streaming.command(epilog=_examples(*watch.EXAMPLES))(watch.watch)

experimenting = typer.Typer(help="Experiments on users.", no_args_is_help=True)
experimenting.command(epilog=_examples(*experiment.PUBLISH))(experiment.publish)
experimenting.command(epilog=_examples(*experiment.REPORT))(experiment.report)

app.command(epilog=_examples(*init.EXAMPLES))(init.init)
app.add_typer(datasets, name="data")
app.add_typer(streaming, name="stream")
app.add_typer(experimenting, name="experiment")
app.command(epilog=_examples(*run.EXAMPLES))(run.run)
app.command(epilog=_examples(*schedule.EXAMPLES))(schedule.schedule)
app.command("refresh-items", epilog=_examples(*refresh_items.EXAMPLES))(refresh_items.refresh_items)
app.command(epilog=_examples(*doctor.EXAMPLES))(doctor.doctor)
app.command("compile", epilog=_examples(*compile.EXAMPLES))(compile.compile_)
app.command(epilog=_examples(*submit.EXAMPLES))(submit.submit)
app.command(epilog=_examples(*serve.EXAMPLES))(serve.serve)
app.command(epilog=_examples(*recommend.EXAMPLES))(recommend.recommend)
app.command("import-states", epilog=_examples(*states.EXAMPLES))(states.import_states)
app.command(epilog=_examples(*predict.EXAMPLES))(predict.predict)
app.command(epilog=_examples(*report.EXAMPLES))(report.report)
app.command(epilog=_examples(*status.EXAMPLES))(status.status)
app.command(epilog=_examples(*rollback.EXAMPLES))(rollback.rollback)
app.command(epilog=_examples(*promote.EXAMPLES))(promote.promote)
app.command(epilog=_examples(*canary.EXAMPLES))(canary.canary)
app.command(epilog=_examples(*erase.EXAMPLES))(erase.erase)
app.command(epilog=_examples(*closed_loop.EXAMPLES))(closed_loop.simulate)
app.command("serving-config", epilog=_examples(*serving_config.EXAMPLES))(
    serving_config.serving_config
)
app.command(epilog=_examples(*demo.EXAMPLES))(demo.demo)


def main() -> None:
    """Entry point of the console script."""
    code: int | str | None = 0
    try:
        app()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    if "tensorflow" in sys.modules and isinstance(code, int):
        # Beam's and gRPC's threads would hold up or crash an ordinary exit; all work is done.
        os._exit(code)
    sys.exit(code)
