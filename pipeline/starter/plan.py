"""What a first settings file will say, and every assumption behind it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import polars as pl

from pipeline.starter.errors import InitError
from pipeline.starter.event_columns import EventTypes, event_types, optional_columns
from pipeline.starter.kinds import Judgement, judge, time_unit
from pipeline.starter.names import SYNONYMS, feature_name, find
from pipeline.starter.sample import Sample
from transform.errors import DataError
from transform.features import RESERVED_NAMES
from transform.reading.values import id_column

_EXAMPLES = {"user_id": "customer_no", "item_id": "article", "event_time": "when"}


@dataclasses.dataclass(frozen=True)
class TablePlan:
    """One table of the settings.

    Attributes:
        sample: What was looked at.
        columns: Our name -> the file's, where the two differ.
        time_unit: Unit of its numeric times.
        unused: The file's column -> why it is not used.
    """

    sample: Sample
    columns: dict[str, str]
    time_unit: str
    unused: dict[str, str]


@dataclasses.dataclass(frozen=True)
class FeaturePlan:
    """One line under `features`."""

    name: str
    side: str
    judgement: Judgement


@dataclasses.dataclass
class Plan:
    """The whole file.

    Attributes:
        tables: `events`, and `items` and `users` where they were given.
        features: Features to declare.
        assumptions: In the order in which they were made.
        types: The types of the log's events.
    """

    tables: dict[str, TablePlan] = dataclasses.field(default_factory=dict)
    features: list[FeaturePlan] = dataclasses.field(default_factory=list)
    assumptions: list[str] = dataclasses.field(default_factory=list)
    types: EventTypes = dataclasses.field(default_factory=EventTypes)


def make_plan(samples: Mapping[str, Sample], chosen: Mapping[str, str]) -> Plan:
    """Decides what every column is.

    Args:
        samples: `events`, and `items` and `users` where they were given.
        chosen: Our column -> the log's column, as the user said.

    Raises:
        InitError: A column that every log needs cannot be told from the others.
        DataError: A column does not hold what it must.
    """
    plan = Plan()
    _plan_events(plan, samples["events"], chosen)
    for name, key, side in (("items", "item_id", "candidate"), ("users", "user_id", "query")):
        if name in samples:
            _plan_entities(plan, samples[name], name, key, side)
    if not plan.features:
        plan.assumptions.append("No features are declared: the models learn from the events alone.")
    plan.assumptions.append(
        "The last tenth of the time line is held out for evaluation, the tenth before it for "
        "calibration (`split`)."
    )
    plan.assumptions.append(
        "What a user has seen is not recommended again; set `recommender: {exclude_seen: false}` "
        "where things are bought again."
    )
    return plan


def _plan_events(plan: Plan, sample: Sample, chosen: Mapping[str, str]) -> None:
    columns = {
        ours: _column_of(ours, sample, chosen) for ours in ("user_id", "item_id", "event_time")
    }
    free = [name for name in sample.frame.columns if name not in columns.values()]
    plan.types = event_types(sample, free, chosen)
    if plan.types.column is not None:
        columns["event_type"] = plan.types.column
    columns |= optional_columns(sample, free, chosen, plan.types)
    for key in ("user_id", "item_id"):
        id_column(sample.frame[columns[key]], _where(columns[key], sample))
    name = columns["event_time"]
    moment = sample.frame[name]
    unit = time_unit(moment, _where(name, sample), lambda: sample.column(name))
    plan.assumptions.extend(_said_of_events(columns, moment, unit))
    plan.assumptions.extend(_said_of_impressions(plan.types))
    unused = _unused_event_columns(sample, columns, plan)
    plan.tables["events"] = TablePlan(sample, _renamed(columns), unit, unused)


def _unused_event_columns(sample: Sample, columns: dict[str, str], plan: Plan) -> dict[str, str]:
    keys = dict(sample.file.partition.columns)
    unused = {
        name: "a context feature may hold only what is known when a request comes in"
        for name in sample.frame.columns
        if name not in columns.values() and name not in keys
    }
    if unused:
        plan.assumptions.append(
            f"Not used from the events: {', '.join(unused)}. A column whose value is known when a "
            "request comes in (a device, a page) can be declared with `side: context`; one that "
            "is known only afterwards (a rating) would leak the answer."
        )
    return unused


def _plan_entities(plan: Plan, sample: Sample, name: str, key: str, side: str) -> None:
    column = find(key, sample.frame.columns)
    if column is None:
        raise InitError(
            f"the {name} table needs a column with the {key}. Received: {sample.file} with the "
            f"columns {_listed(sample.frame.columns)}. Rename the column to {key}, or write the "
            f"settings by hand with `data: {{{name}: {{columns: {{{key}: NAME}}}}}}`."
        )
    columns, unused = {key: column}, {}
    limits, unit = _limits(plan, sample) if name == "items" else ({}, None)
    columns |= limits
    # Since when an item is shown also says how old it is; until when, nobody knows beforehand.
    since_shown = limits.get("available_from")
    taken = {*RESERVED_NAMES, *(feature.name for feature in plan.features)}
    plan.assumptions.append(f"{name}: {key} is the column {column!r}.")
    for values in sample.frame.drop(set(columns.values()) - {since_shown}):
        judgement = judge(values)
        unit = unit or judgement.time_unit
        if judgement.kind is None or judgement.time_unit not in (None, unit):
            unused[values.name] = judgement.why
            continue
        ours = feature_name(values.name, taken, "user" if side == "query" else "item")
        ours = "available_from" if values.name == since_shown else ours
        taken.add(ours)
        columns[ours] = values.name
        plan.features.append(FeaturePlan(ours, side, judgement))
        plan.assumptions.append(
            f"{name}: {values.name!r} is a {judgement.kind} feature ({judgement.why})."
        )
    for left_out, why in unused.items():
        plan.assumptions.append(f"{name}: {left_out!r} is left out: {why}.")
    plan.tables[name] = TablePlan(sample, _renamed(columns), unit or "s", unused)


def _limits(plan: Plan, sample: Sample) -> tuple[dict[str, str], str | None]:
    """The columns that say since when a row holds and when an item may be shown, and their unit.

    A table has one unit of time; the first column decides.
    """
    limits: dict[str, str] = {}
    unit = None
    since = find("valid_from", sample.frame.columns)
    if since is not None:
        limits["valid_from"] = since
        plan.assumptions.append(
            f"items: {since!r} says since when a row holds; of an item's rows the latest not after "
            "the end of training counts."
        )
    for ours, says in (("available_from", "from when on"), ("available_to", "until when")):
        theirs = find(ours, sample.frame.columns)
        if theirs is None or not (times := sample.frame[theirs].drop_nulls()).len():
            continue
        try:
            found = time_unit(times, _where(theirs, sample))
        except DataError:
            continue  # a name such as "active to" may mean something else
        if _is_unix_time(times):
            if unit not in (None, found):
                continue
            unit = found
        limits[ours] = theirs
        plan.assumptions.append(f"items: {theirs!r} says {says} an item may be shown.")
    return limits, unit


def _is_unix_time(times: pl.Series) -> bool:
    return not times.dtype.is_temporal() and times.cast(pl.Float64, strict=False).count() > 0


def _column_of(ours: str, sample: Sample, chosen: Mapping[str, str]) -> str:
    names = sample.frame.columns
    if ours in chosen:
        if chosen[ours] not in names:
            raise InitError(
                f"--column must name a column of the log. Received: {ours}={chosen[ours]}, where "
                f"{sample.file} has {_listed(names)}. Choose one of these."
            )
        return chosen[ours]
    free = [name for name in names if name not in chosen.values()]
    found = find(ours, free)
    if found is None and ours == "event_time":
        temporal = [name for name in free if sample.frame[name].dtype.is_temporal()]
        found = temporal[0] if len(temporal) == 1 else None
    if found is None:
        raise InitError(
            f"the log needs a column for {ours}, under a name such as "
            f"{', '.join(SYNONYMS[ours][:4])}. Received: {sample.file} with the columns "
            f"{_listed(names)}. Say which it is, for example "
            f"--column {ours}={_EXAMPLES[ours]}."
        )
    return found


def _said_of_events(columns: dict[str, str], moment: pl.Series, unit: str) -> list[str]:
    said = [
        f"events: {ours} is the column {theirs!r}."
        for ours, theirs in columns.items()
        if ours != "event_time"
    ]
    if moment.dtype.is_temporal():
        form = "date-times; without a time zone they are taken for UTC"
    elif _is_unix_time(moment):
        form = f"unix time in {unit}"
    else:
        form = "date-times as text; without a time zone they are taken for UTC"
    said.append(f"events: event_time is the column {columns['event_time']!r}, {form}.")
    if "event_type" not in columns:
        said.append("events: there is no event type; all events count alike, as interactions.")
    return said


def _said_of_impressions(types: EventTypes) -> list[str]:
    if types.impression is None:
        return []
    return [
        f"events: {types.impression!r} says what was shown: it is no behaviour, but the ranker "
        f"learns from what followed it ({', '.join(types.labels) or 'nothing in these rows'})."
    ]


def _renamed(columns: dict[str, str]) -> dict[str, str]:
    return {ours: theirs for ours, theirs in columns.items() if ours != theirs}


def _where(column: str, sample: Sample) -> str:
    return f"The column {column!r} of {sample.file}"


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
