"""One alert rule, as Prometheus reads it."""

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
