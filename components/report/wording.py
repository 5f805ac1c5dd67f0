"""Checks in an analyst's words."""

from __future__ import annotations

from components.checks import Check
from components.report.glossary import known, limit, number, term, unit, without_unit


def check_name(name: str) -> str:
    """A check's name with its metric in an analyst's words.

    >>> check_name("user_rung=0 ndcg_at_10")
    'user_rung=0 NDCG@10'
    """
    subject, _, metric = name.rpartition(" ")
    if known(metric):
        return f"{subject} {term(metric).label}".strip()
    return without_unit(name).replace("_", " ")


def measured(check: Check) -> str:
    """The measured value with its unit."""
    if check.value is None:
        return "not measured"
    return f"{number(check.value)} {unit(check.name)}".strip()


def bound(check: Check) -> str:
    """What the measured value must satisfy."""
    suffix = unit(check.name)
    lower = None if check.lower is None else f"{limit(check.lower)} {suffix}".strip()
    upper = None if check.upper is None else f"{limit(check.upper)} {suffix}".strip()
    if lower is not None and lower == upper:
        return f"exactly {lower}"
    if lower is not None and upper is not None:
        return f"{lower} to {upper}"
    if lower is not None:
        return f"at least {lower}"
    return f"at most {upper}" if upper is not None else "free"


def statement(check: Check) -> str:
    """What was measured, what it must be and, where it failed, what that means."""
    reason = f" ({check.why})" if check.why and not check.passed else ""
    name = check_name(check.name)
    value = "was not measured" if check.value is None else f"is {measured(check)}"
    return f"{name[:1].upper()}{name[1:]} {value}; it must be {bound(check)}{reason}."
