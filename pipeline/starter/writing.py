"""A plan as commented YAML."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import yaml

from pipeline.starter.event_columns import EventTypes
from pipeline.starter.plan import Plan, TablePlan
from pipeline.starter.sample import Sample
from transform.reading.file_access import is_remote

_HEAD = """\
# Settings of a Sluice pipeline, written by `sluice init` from the columns of the tables.
# Look it through, then: sluice run --config {file}
# Unknown keys are refused; every key left out takes its default.

name: {name}

# Everything the pipeline writes goes here. Relative paths count from this file's folder.
root: {root}
"""

_PLAIN = re.compile(r"(?:\.{0,2}/)*[A-Za-z_][\w./-]*", re.ASCII)  # a word, or a path of words

_TAIL = """
# `time` holds out the end of the time line, as in production. `leave_one_out` holds out each
# user's last event: the custom of many papers, for comparisons with them.
split:
  protocol: time

# Whether what a user has seen may be recommended again: false where things are bought again.
recommender:
  exclude_seen: true
"""


def render(plan: Plan, name: str, out: Path) -> str:
    """The text of the settings file.

    Args:
        plan: What it says.
        name: Name of the pipeline.
        out: Where it will lie; data paths count from its folder.
    """
    head = _HEAD.format(name=_quoted(name), root=_quoted(f"runs/{name}"), file=out.name)
    lines = [head, "data:"]
    for table, planned in plan.tables.items():
        lines.extend(_table(table, planned, out))
    lines.extend(_window(plan.tables["events"].sample))
    lines.append("")
    if plan.features:
        lines.append(
            "# One line a feature: side query is known of the user, candidate of the item."
        )
        lines.append("features:")
        for feature in plan.features:
            parts = {
                "name": _quoted(feature.name),
                "side": feature.side,
                "kind": feature.judgement.kind,
            }
            if feature.judgement.separator is not None:
                parts["separator"] = json.dumps(feature.judgement.separator)
            said = ", ".join(f"{key}: {value}" for key, value in parts.items())
            lines.append(f"  - {{{said}}}  # {feature.judgement.why}")
    else:
        lines.append("# No features yet; one is a line such as")
        lines.append("#   - {name: category, side: candidate, kind: category}")
        lines.append("features: []")
    return "\n".join([*lines, *_aggregates(plan.types), *_examples(plan.types)]) + "\n" + _TAIL


def _window(sample: Sample) -> list[str]:
    """How to read less of a log in partitions."""
    places = [file.file.partition.place for file in sample.files]
    if places[0] is None:
        return []
    return [
        f"  # The log lies in partitions from {places[0]} to {places[-1]}; all of it is read.",
        f"  # To read only the last ones: window: {{last: {min(28, len(set(places)))}}}",
    ]


def _aggregates(types: EventTypes) -> list[str]:
    """What to add where tastes move."""
    count = _quoted(types.usual)
    return [
        "",
        "# Where tastes move, counts of the last days or weeks tell what is wanted now, as in",
        "# aggregates:",
        f"#   - {{name: item_events_28d, of: item, count: {count}, window: 28d}}",
    ]


def _examples(types: EventTypes) -> list[str]:
    """What the ranker learns from, where the log says what was shown."""
    if types.impression is None:
        return []
    labels = ", ".join(_quoted(label) for label in types.labels)
    return [
        "",
        "# What was shown makes the rows of the ranker; each label is a column of its own in them.",
        "examples:",
        f"  impression_type: {_quoted(types.impression)}",
        f"  labels: [{labels}]",
    ]


def _table(name: str, planned: TablePlan, out: Path) -> list[str]:
    sample = planned.sample
    lines = [
        f"  {name}:  # looked at {_looked_at(sample)}",
        f"    path: {_quoted(_path_from(out, sample.path))}",
    ]
    if planned.columns:
        lines.append("    columns:  # our name: the file's name")
        named = planned.columns.items()
        lines.extend(f"      {_quoted(ours)}: {_quoted(theirs)}" for ours, theirs in named)
    if sample.separator not in (None, ","):
        lines.append(f"    separator: {json.dumps(sample.separator)}")
    if planned.time_unit != "s":
        lines.append(f"    time_unit: {planned.time_unit}")
    lines.extend(f"    # not used: {column} ({why})" for column, why in planned.unused.items())
    return lines


def _looked_at(sample: Sample) -> str:
    what = Path(sample.file.path).name if len(sample.files) == 1 else f"{len(sample.files)} files"
    if sample.complete:
        return f"{sample.frame.height:,} rows of {what}"
    return f"{sample.frame.height:,} of the rows of {what}"


def _path_from(out: Path, path: str) -> str:
    """A data path relative to the settings file's folder, or absolute where that is far off."""
    if is_remote(path):
        return path
    absolute = os.path.abspath(Path(path).expanduser())  # noqa: PTH100 -- keeps globs and links
    relative = os.path.relpath(absolute, out.resolve().parent)
    return absolute if relative.startswith("../../..") else relative


def _quoted(text: str) -> str:
    """Text as a YAML scalar; JSON strings are YAML, plain words need no quotes.

    Of words YAML takes some for something else, such as `No`.
    """
    is_plain = _PLAIN.fullmatch(text) and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)
