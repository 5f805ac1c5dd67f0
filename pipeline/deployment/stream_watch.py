"""What is watched of the event stream: alert rules and panels."""

from __future__ import annotations

from typing import Any

from components.checks import Bound
from pipeline.deployment.alert_rule import alert_rule, down
from pipeline.deployment.panel import WINDOW, Panel
from pipeline.deployment.settings import Objectives
from serving.stream import metrics

JOB = "recommender-stream"  # of the scrape configuration
_LOG_BEHIND_SECONDS = 3600  # the compactor writes every five minutes, unless told otherwise


def rules(objectives: Objectives, dead_letters: Bound) -> list[dict[str, Any]]:
    """The alert rules.

    Args:
        objectives: What callers are promised.
        dead_letters: The gate's bound on the share of rows that are no events.
    """
    return [
        alert_rule(
            "StreamDown",
            down(JOB),
            "page",
            "A consumer, a compactor or a watch of the stream does not answer Prometheus, or there "
            "is none.",
            lasting="2m",
        ),
        alert_rule(
            "StreamUnreachable",
            f"min({metrics.QUEUE_UP}) == 0",
            "page",
            "The stream does not answer: no list takes notice of what users do, and what is shown "
            "is not logged. Start its Redis server.",
            lasting="2m",
        ),
        alert_rule(
            "StreamBehind",
            f"max({metrics.WAITING}) > {objectives.freshness_s:g}",
            "page",
            f"Events wait for more than {objectives.freshness_s:g} s until lists take notice: "
            "start consumers, or more of them.",
            lasting="2m",
        ),
        alert_rule(
            "StreamDeadLetters",
            f"{_dead_letter_share('1h')} > {dead_letters.upper:g}",
            "ticket",
            "More of what comes is no event than a run would accept; `sluice stream status` says "
            "why.",
        ),
        alert_rule(
            "StateDamaged",
            f"max({metrics.DAMAGED}) > 0",
            "ticket",
            "The stored states of some users cannot be read; the consumer's log says why.",
        ),
        alert_rule(
            "LogBehind",
            f"max({metrics.LOG_WAITING}) > {_LOG_BEHIND_SECONDS}",
            "ticket",
            "Events of an hour ago are not in the log: look at the compactor's log.",
        ),
    ]


def panels(objectives: Objectives, dead_letters: Bound) -> list[Panel]:
    """The panels of the dashboard; the arguments are those of `rules`."""
    freshness = f"sum by (le) (rate({metrics.FRESHNESS}_bucket[{WINDOW}]))"
    return [
        Panel(
            "Events applied a second",
            "ops",
            {
                "events": f"sum(rate({metrics.EVENTS}[{WINDOW}]))",
                "written to the log": f"sum(rate({metrics.LOGGED}[{WINDOW}]))",
            },
        ),
        Panel(
            "From an event to the state, up to a second too long",
            "s",
            {f"p{100 * q:g}": f"histogram_quantile({q:g}, {freshness})" for q in (0.5, 0.95, 0.99)},
            objectives.freshness_s,
        ),
        Panel(
            "Oldest event that waits",
            "s",
            {
                "for a consumer": f"max({metrics.WAITING})",
                "for the compactor": f"max({metrics.LOG_WAITING})",
            },
            objectives.freshness_s,
        ),
        Panel(
            "Entries that wait for a consumer",
            "short",
            # Consumer and compactor tell the same partitions.
            {"entries": f"sum(max by (partition) ({metrics.BACKLOG}))"},
        ),
        Panel(
            "Share of entries that are no events",
            "percentunit",
            {"dead letters": _dead_letter_share(WINDOW)},
            dead_letters.upper,
        ),
        Panel(
            "Dead letters",
            "short",
            {"{{reason}}": f"sum by (reason) (increase({metrics.DEAD_LETTERS}[{WINDOW}])) > 0"},
        ),
        Panel(
            "Answers that failed",
            "short",
            {"stream or store": f"sum(increase({metrics.FAILURES}[{WINDOW}]))"},
        ),
        Panel(
            "Processes of the stream that answer",
            "short",
            {"up": f'sum (up{{job="{JOB}"}})', "damaged states": f"max({metrics.DAMAGED})"},
        ),
    ]


def _dead_letter_share(window: str) -> str:
    dead, all_ = (
        f"sum(increase({name}[{window}]))" for name in (metrics.DEAD_LETTERS, metrics.ENTRIES)
    )
    return f"{dead} / {all_}"
