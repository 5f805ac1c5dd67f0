"""Checks of the leakage certificate, and that the written rows are the certified ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from components.checks import Check
from components.data_gate.certificate import LEARNED, Difference, Rows
from components.data_gate.rules import DataRules
from components.example_columns import read_records
from transform.examples import serialize


def check_leakage(found: Difference, rules: DataRules) -> Iterator[Check]:
    """One check a split without a leak; else one for each feature that leaks."""
    for split in sorted(found.rows):
        leaks = {name: rows for (where, name), rows in found.changed.items() if where == split}
        if not leaks:
            yield rules.leaked.check(0, subject=split)
        for name, rows in sorted(leaks.items()):
            yield rules.leaked.check(rows, subject=f"{split}.{name}")


def check_written(
    rows: Rows, examples: Mapping[str, Sequence[str]], rules: DataRules
) -> Iterator[Check]:
    """Whether the written rows of a split begin with these, byte by byte.

    Args:
        rows: Rows of the first users of the log, by split.
        examples: Folders of the written splits.
        rules: The bounds.
    """
    for split in LEARNED:
        expected = serialize(rows[split])
        written = itertools.islice(read_records(examples[split]), len(expected))
        pairs = itertools.zip_longest(expected, written)
        differing = sum(ours != theirs for ours, theirs in pairs)
        yield rules.unexplained.check(differing, subject=split)
