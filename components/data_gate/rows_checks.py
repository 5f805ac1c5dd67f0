"""Checks of the rows against the log they come from: certificate, written rows, single features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from components.checks import Check
from components.data_gate.certificate import builder, certify, is_shown
from components.data_gate.counted_log import CountedLog
from components.data_gate.declared import Declared
from components.data_gate.leakage_checks import check_leakage, check_revealing, check_written
from components.data_gate.rules import DataRules
from components.data_gate.screen import columns_to_screen, screen
from components.data_gate.sub_log import events_of, first_users
from components.data_gate.written import compare_with_written
from components.example_columns import ValueType
from transform import features as f
from transform.event_log import EventLog
from transform.job.account import Account
from transform.reading.sources import read_items, read_users
from transform.settings import DataSettings
from transform.splits import CutOffs, assign_periods

# Split -> folders of its rows.
Examples = Mapping[str, Sequence[str]]


def check_rows(
    log: CountedLog,
    data: DataSettings,
    account: Account,
    examples: Examples,
    declared: Declared,
    rules: DataRules,
) -> Iterator[Check]:
    """Builds the rows of some users again, in this world and in others, and compares.

    Args:
        log: The log; it is read once, to the end.
        data: Where the tables lie.
        account: The account of the log, for the time at which it is cut.
        examples: The written rows.
        declared: What they are made by.
        rules: The bounds.
    """
    around = first_users(examples[f.TRAIN], rules.certified_users)
    events, users = events_of(log.parts(), around, rules.certified_events)
    if not users:
        yield rules.certified.check(0)
        return
    divided = _with_periods(events, account, declared)
    users_table = read_users(data, declared.features)
    end = account.periods["training"]["last_time"]
    items_table = read_items(data, declared.features, as_of=end)
    build = builder(declared, users_table, items_table)
    shown = is_shown(divided, declared.examples)
    expected = build(divided, declared.examples)
    written = compare_with_written(expected, examples, around, declared, shown=shown)
    yield from check_leakage(certify(expected, divided, declared, build), rules)
    yield from check_written(written, rules)


def check_columns(
    examples: Examples, types: Mapping[str, ValueType], declared: Declared, rules: DataRules
) -> Iterator[Check]:
    """Holds every single feature of the ranking rows against the label.

    Args:
        examples: The written rows.
        types: Column of the ranking rows -> type of its values.
        declared: What they are made by.
        rules: The bounds.
    """
    columns = dict(columns_to_screen(types, declared.features, declared.targets))
    ranking, catalogue = examples[f.RANKING], examples[f.CATALOGUE]
    found = screen(ranking, catalogue, columns, declared.features, rules.screened_rows)
    yield from check_revealing(found, rules)


def _with_periods(events: pl.DataFrame, account: Account, declared: Declared) -> pl.DataFrame:
    """The events in total order, each once, divided where the whole log is."""
    log = EventLog.of(events, None, declared.examples.impression_type)
    cut = CutOffs(
        account.periods["validation"]["first_time"], account.periods["evaluation"]["first_time"]
    )
    return log.with_period(assign_periods(log.histories, declared.split, cut)).decode()
