"""`sluice stream`: live events into the states of users, and into the log of the next run."""

from __future__ import annotations

import logging
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, Json, RedisUrl, errors_reported, print_json

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

CONSUME = (
    "sluice stream consume --config my.yaml",
    "sluice stream consume --config my.yaml --redis redis://cache:6379/0 --share 1/4",
)
COMPACT = (
    "sluice stream compact --config my.yaml --redis redis://cache:6379/0 --out /data/events",
)
STATUS = ("sluice stream status --config my.yaml --json | jq .backlog",)

Partitions = Annotated[
    int, typer.Option(min=1, help="Parts of the stream in Redis; the same for all its life.")
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The log; by default below the root folder.")
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, help="Port of the Prometheus metrics; 0 takes a free one [none]."
    ),
]
MetricsHost = Annotated[str, typer.Option(help="0.0.0.0 tells them on every interface.")]
UntilIdle = Annotated[bool, typer.Option("--until-idle", help="Stop when there is nothing left.")]


def consume(
    config: Config,
    redis: RedisUrl = None,
    partitions: Partitions = 8,
    share: Annotated[str, typer.Option(metavar="K/N", help="Be number K of N consumers.")] = "1/1",
    until_idle: UntilIdle = False,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
) -> None:
    """Apply live events to the states of users.

    It runs until it is stopped, and waits for a server that is gone. Each consumer takes its share
    of the partitions; the categories of items are read at its start. One may be killed at any time:
    what it had not acknowledged is applied by its successor, and no event counts twice. What is no
    event goes to the dead letters.
    """
    with errors_reported():
        from pipeline.event_stream import StreamPlace, item_categories
        from pipeline.loading import load_settings
        from serving.stream.consumer import Consumer

        logging.basicConfig(level=logging.INFO)
        place = StreamPlace(load_settings(config), redis, partitions)
        categories = item_categories(place.settings)
        consumer = Consumer(place.queue(), place.store(), categories, _share(share))
        if metrics_port is not None:
            from serving.stream.metrics import ConsumerMetrics, QueueMetrics

            waiting = QueueMetrics(place.queue(), consumer.partitions)
            tell_prometheus([waiting, ConsumerMetrics(consumer)], metrics_host, metrics_port)
        until_stopped(consumer.stop, lambda: consumer.run(until_idle=until_idle))
        done = consumer.consumed
        typer.echo(f"{done.entries:,} entries: {done.events:,} events, {done.dead:,} dead letters.")


def compact(
    config: Config,
    redis: RedisUrl = None,
    partitions: Partitions = 8,
    out: Out = None,
    entries: Annotated[int, typer.Option(min=1, help="Most entries of a file.")] = 100_000,
    seconds: Annotated[float, typer.Option(min=0, help="Longest wait of an entry.")] = 300,
    until_idle: UntilIdle = False,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
) -> None:
    """Write the stream as the log that a run reads: Parquet files in a folder for each day.

    `data: {events: {path: DIR/dt=*}}` in the settings reads them. Each entry is written once,
    whenever this is killed; the stream then forgets what is consumed and written.
    """
    with errors_reported():
        from pipeline.event_stream import StreamPlace
        from pipeline.loading import load_settings
        from serving.stream.compactor import Compactor

        logging.basicConfig(level=logging.INFO)
        place = StreamPlace(load_settings(config), redis, partitions)
        with closing(place.log(out)) as log:
            compactor = Compactor(place.queue(), log, entries, seconds)
            if metrics_port is not None:
                from serving.stream.metrics import CompactorMetrics, QueueMetrics

                queue = place.queue()
                waiting = QueueMetrics(queue, range(queue.partitions))
                tell_prometheus([waiting, CompactorMetrics(compactor)], metrics_host, metrics_port)
            run = compactor.flush if until_idle else compactor.run
            until_stopped(compactor.stop, run)


def status(
    config: Config, redis: RedisUrl = None, partitions: Partitions = 8, as_json: Json = False
) -> None:
    """Show how far the consumers are, and the dead letters by reason."""
    with errors_reported(as_json):
        from pipeline.event_stream import StreamPlace
        from pipeline.loading import load_settings

        queue = StreamPlace(load_settings(config), redis, partitions).queue()
        dead = Counter(letter.reason for letter in queue.dead_letters())
        if as_json:
            print_json({"backlog": queue.backlog(), "dead_letters": dict(dead.most_common())})
        else:
            typer.echo(f"{queue.backlog():,} entries to consume, {dead.total():,} dead letters")
            for reason, number in dead.most_common():
                typer.echo(f"  {number:,}: {reason}")


def tell_prometheus(collectors: Sequence[Collector], host: str, port: int) -> None:
    """Says where Prometheus finds them."""
    from serving.exposition import expose

    taken = expose(collectors, host, port)
    typer.echo(f"Metrics: http://{host}:{taken}/metrics", err=True)


def _share(text: str) -> tuple[int, int]:
    number, slash, consumers = text.partition("/")
    if not (slash and number.isdecimal() and consumers.isdecimal() and int(number) >= 1):
        raise typer.BadParameter(f"--share must be such as 1/4, received {text!r}.")
    return int(number) - 1, int(consumers)


def until_stopped(stop: Callable[[], None], run: Callable[[], None]) -> None:
    """Runs; SIGTERM and Ctrl-C let it finish what it has in hand."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())
    sys.stderr.write("Ready.\n")
    run()
