"""Metrics of a process that serves nothing else, over HTTP."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.registry import Collector


def expose(collectors: Iterable[Collector], host: str, port: int) -> int:
    """Answers Prometheus for as long as the process lives.

    Args:
        collectors: What is told.
        host: Address to listen on.
        port: 0 takes a free one.

    Returns:
        The port.

    Raises:
        OSError: The port is taken.
    """
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    server, _ = start_http_server(port, host, registry)
    return int(server.server_port)
