"""Checks in an analyst's words."""

from __future__ import annotations

from collections.abc import Callable

from components.checks import Check
from components.report.glossary import known, model_label, term
from components.report.numbers import limit, number, unit, without_unit

_BLESSED_BY = "blessed by "  # an evaluator's own verdict: 1 is yes


def check_name(name: str) -> str:
    """What was held against a bound: the metric, then what it was measured on.

    >>> check_name("user_rung=0: slice_auc")
    'AUC · user_rung=0'
    >>> check_name("rows from the future")
    'Rows from the future'
    """
    subject, _, metric = name.rpartition(" ")
    if known(metric):
        return f"{term(metric).label}{_subject(subject)}"
    words = without_unit(name).replace("_", " ")
    return words[:1].upper() + words[1:]


def measured(check: Check) -> str:
    """The measured value with its unit."""
    return "not measured" if check.value is None else _reading(check, check.value, number)


def noise(check: Check) -> str:
    """Where the value lies with 95 % confidence, and whether that alone is why it passes."""
    if check.interval is None:
        return ""
    lower, upper = (_reading(check, end, number) for end in check.interval)
    aside = ", within noise" if check.passed and _outside(check) else ""
    return f"95 %: {lower} to {upper}{aside}"


def _outside(check: Check) -> bool:
    """Whether the value itself does not keep its bound."""
    value = check.value
    return value is not None and not (
        (check.lower is None or value >= check.lower)
        and (check.upper is None or value <= check.upper)
    )


def bound(check: Check) -> str:
    """What the measured value must satisfy."""
    lower = None if check.lower is None else _reading(check, check.lower, limit)
    upper = None if check.upper is None else _reading(check, check.upper, limit)
    if lower in ("yes", "no"):
        return lower
    if lower is not None and lower == upper:
        return f"exactly {lower}"
    if lower is not None and upper is not None:
        return f"{lower} to {upper}"
    if lower is not None:
        return f"at least {lower}"
    return f"at most {upper}" if upper is not None else "anything"


def statement(check: Check) -> str:
    """What was measured, what it must be and, where it failed, what that means."""
    reason = f" ({check.why})" if check.why and not check.passed else ""
    value = "was not measured" if check.value is None else f"is {measured(check)}"
    details = "; ".join(filter(None, (noise(check), check.note)))
    aside = f" ({details})" if details else ""
    return f"{check_name(check.name)} {value}{aside}; it must be {bound(check)}{reason}."


def _subject(subject: str) -> str:
    """What a metric was measured on, as it follows the metric's name."""
    if not subject:
        return ""
    words = " ".join(model_label(word) for word in subject.removesuffix(":").split())
    return f" {words}" if words.startswith("over ") else f" · {words}"


def _kind(check: Check) -> str:
    if check.name.startswith(_BLESSED_BY):
        return "answer"
    return term(check.name.rpartition(" ")[2]).kind


def _reading(check: Check, value: float, write: Callable[[float], str]) -> str:
    """A value as its kind is read."""
    kind = _kind(check)
    if kind == "answer" and value in (0.0, 1.0):
        return "yes" if value else "no"
    if kind in ("change", "share"):
        return f"{100 * value:{'+' if kind == 'change' else ''}.3g} %"
    return f"{write(value)} {unit(check.name)}".strip()
