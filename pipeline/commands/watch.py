"""`sluice stream watch`: what users are shown, measured on the log."""

from __future__ import annotations

import logging
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, Json, errors_reported, print_json
from pipeline.commands.stream import MetricsHost, MetricsPort, Out, tell_prometheus, until_stopped

if TYPE_CHECKING:
    from components.traffic.measure import Traffic
    from pipeline.settings import Settings

EXAMPLES = (
    "sluice stream watch --config my.yaml",
    "sluice stream watch --config my.yaml --out /data/events --metrics-port 9102",
)
_ROWS = 1_000_000  # held in memory


def watch(
    config: Config,
    out: Out = None,
    hours: Annotated[float, typer.Option(min=0.1, help="Length of the window.")] = 24,
    reference_days: Annotated[
        float, typer.Option(min=0.1, help="Time before it that it is compared with.")
    ] = 7,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
    every: Annotated[
        float, typer.Option(min=0.1, help="Seconds between measurements, with --metrics-port.")
    ] = 900,
    at: Annotated[
        int | None, typer.Option(help="End of the window, unix seconds [now].", min=0)
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure what users were shown lately, and what came of it.

    Drift of the scores, their calibration on what users did, coverage and popularity of what is
    shown, the share of fallbacks, the age of the model. It reads the log that `sluice stream
    compact` writes. Where there is more than fits into memory, it measures a sample of the users.

    With --metrics-port it goes on until it is stopped, and tells Prometheus.
    """
    with errors_reported(as_json):
        from components.traffic.metrics import TrafficMetrics
        from components.traffic.watching import Watch
        from pipeline.event_stream import StreamPlace
        from pipeline.loading import load_settings

        settings = load_settings(config)
        log = out or StreamPlace(settings).log_folder

        def measured() -> Traffic:
            now = int(time.time()) if at is None else at
            return _measured(settings, log, (now, hours, reference_days))

        if metrics_port is None:
            _show(measured(), as_json)
            return
        logging.basicConfig(level=logging.INFO)
        metrics = TrafficMetrics()
        watching = Watch(measured, metrics, every)
        tell_prometheus([metrics], metrics_host, metrics_port)
        until_stopped(watching.stop, watching.run)


def _measured(settings: Settings, log: Path, times: tuple[int, float, float]) -> Traffic:
    from components.pusher.served import trained_as
    from components.traffic.measure import measure
    from components.traffic.rows import read_rows
    from components.traffic.span import Span
    from pipeline.serving_folder import serving_folder
    from transform.reading.sources import read_items

    examples = settings.examples
    span = Span(*times, examples.attribution_hours)
    rows = read_rows(log, span, examples.impression_type, _ROWS)
    items = read_items(settings.data, settings.features, as_of=span.now)
    known = partial(trained_as, serving_folder(settings))
    return measure(rows, span, None if items is None else len(items), known)


def _show(traffic: Traffic, as_json: bool) -> None:
    from pipeline.console import Console

    facts = traffic.model_dump()
    if as_json:
        print_json(facts)
        return
    known = {name.replace("_", " "): value for name, value in facts.items() if value is not None}
    Console(sys.stdout).facts(
        {
            name: f"{value:.4g}" if isinstance(value, float) else str(value)
            for name, value in known.items()
        }
    )
