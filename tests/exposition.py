"""What is told to Prometheus."""

from prometheus_client import CollectorRegistry, generate_latest


def told(*collectors):
    """The text that a scrape of some collectors gets."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry).decode()
