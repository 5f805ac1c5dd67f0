"""The top of the page: the verdict in one word, and the numbers that are asked for first."""

from __future__ import annotations

from dataclasses import dataclass

from components.report.facts import Facts
from components.report.glossary import term
from components.report.numbers import number, unit
from components.report.sections.checks import BAD, GOOD, UNKNOWN
from components.report.sentences import PRIMARY, is_on_trial
from components.report.wording import bound, check_name, measured

_DIFFERENCE = "_difference"


@dataclass(frozen=True)
class Card:
    """One number with its name and a note below."""

    name: str
    value: str
    note: str = ""


def stamp(facts: Facts) -> tuple[str, str]:
    """The verdict as (tone, word)."""
    if facts.blessed is None:
        return UNKNOWN, "NO VERDICT"
    if not facts.blessed or facts.infra_blessed is False:
        return BAD, "WITHHELD"
    return GOOD, "BLESSED"


def cards(facts: Facts) -> list[Card]:
    """Quality, size of the measurement, size of the data and what was pushed."""
    found = [_quality(facts), _requests(facts), _rows(facts)]
    return [card for card in found if card] + [_pushed(facts)]


def serving(facts: Facts) -> list[Card]:
    """Times, memory and differences that the serving gate measured."""
    return [
        Card(check_name(check.name), measured(check), f"must be {bound(check)}")
        for check in facts.gate("serving").checks
        if unit(check.name) or check.name.endswith(_DIFFERENCE)
    ]


def lineage(facts: Facts) -> list[tuple[str, str]]:
    """What identifies the run."""
    account = facts.account
    pairs = [
        ("Pipeline", facts.pipeline),
        ("Run", facts.run_id),
        ("Pushed version", "none" if facts.pushed_version is None else str(facts.pushed_version)),
        ("Settings", facts.settings_hash),
        ("Code", facts.code),
        ("Partitions read", _partitions(facts)),
        ("Input data", account.fingerprint if account else None),
        ("Test targets", account.eval_targets_sha256 if account else None),
    ]
    return [(name, value or "not recorded") for name, value in pairs]


def _partitions(facts: Facts) -> str:
    """First and last partition, and how many there are."""
    found = facts.account.partitions if facts.account else ()
    if len(found) < 2:
        return "".join(found)
    return f"{found[0]} to {found[-1]}, {len(found):,} in all"


def _pushed(facts: Facts) -> Card:
    if facts.pushed_version is None:
        return Card("Pushed version", "none", "what is served did not change")
    note = "on trial as canary" if is_on_trial(facts) else "served since this run"
    return Card("Pushed version", str(facts.pushed_version), note)


def _quality(facts: Facts) -> Card | None:
    if not facts.quality or facts.quality[0].metrics.get(PRIMARY) is None:
        return None
    own = facts.quality[0].metrics[PRIMARY]
    others = [v for row in facts.quality[1:] if (v := row.metrics.get(PRIMARY)) is not None]
    note = f"best baseline {number(max(others))}" if others else ""
    return Card(term(PRIMARY).label, number(own), note)


def _requests(facts: Facts) -> Card | None:
    evaluation = facts.evaluation("list")
    overall = evaluation.overall if evaluation else None
    if overall is None or overall.count is None:
        return None
    return Card("Requests measured", f"{overall.count:,}", "held out from training")


def _rows(facts: Facts) -> Card | None:
    data = facts.account
    if data is None:
        return None
    return Card("Events used", f"{data.events:,}", f"of {data.rows_in:,} rows read")
