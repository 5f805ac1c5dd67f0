"""Checks of the leakage certificate, of the written rows, and of what single features reveal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from components.checks import Bound, Check
from components.data_gate.certificate import CUT_OFF
from components.data_gate.comparison import Difference
from components.data_gate.rules import DataRules
from components.data_gate.screen import MIN_CANDIDATES, Revealed


def check_leakage(found: Sequence[Difference], rules: DataRules) -> Iterator[Check]:
    """For each moment and split the rows compared, and the leaks: each leaking feature by name."""
    for difference in found:
        # Early in a short log there may be nothing to compare; at its cut-off there must be.
        bound = rules.certified if difference.moment == CUT_OFF else _note(rules.certified)
        for split, rows in sorted(difference.rows.items()):
            yield bound.check(rows, subject=f"{split} {difference.moment}:")
            yield from _changes(difference, split, f" {difference.moment}:", rules.leaked)


def check_written(found: Difference, rules: DataRules) -> Iterator[Check]:
    """For each split whether the written rows are those that the log gives; else by feature."""
    for split in sorted(found.rows):
        yield from _changes(found, split, "", rules.unexplained)


def check_revealing(found: Mapping[str, Revealed], rules: DataRules) -> Iterator[Check]:
    """One check a feature; only a note where there are too few candidates to tell."""
    for name, revealed in found.items():
        enough = revealed.candidates >= MIN_CANDIDATES
        bound = rules.revealing if enough else _note(rules.revealing)
        yield bound.check(revealed.auc, subject=name)


def _changes(found: Difference, split: str, when: str, bound: Bound) -> Iterator[Check]:
    changes = {name: rows for (where, name), rows in found.changed.items() if where == split}
    if not changes:
        yield bound.check(0, subject=f"{split}{when}")
    for name, rows in sorted(changes.items()):
        yield bound.check(rows, subject=f"{split}.{name}{when}")


def _note(bound: Bound) -> Bound:
    """The same without an end: the value is only reported."""
    return bound.model_copy(update={"lower": None, "upper": None})
