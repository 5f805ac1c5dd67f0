"""One alert rule, as Prometheus reads it, and what several of them ask."""

from __future__ import annotations

from typing import Any


def alert_rule(
    name: str, expression: str, severity: str, summary: str, lasting: str = ""
) -> dict[str, Any]:
    """A rule.

    Args:
        name: What is wrong, in one word.
        expression: PromQL that gives something where it is.
        severity: `page` wakes somebody, `ticket` waits for the morning.
        summary: A sentence for who is called.
        lasting: How long it must have been so, as Prometheus writes times.
    """
    return {
        "alert": f"Recommender{name}",
        "expr": expression,
        **({"for": lasting} if lasting else {}),
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }


def down(job: str) -> str:
    """PromQL that gives something where a job does not answer, or none of it is found.

    Where Prometheus finds none of them, no series says so.
    """
    return f'up{{job="{job}"}} == 0 or absent(up{{job="{job}"}})'
