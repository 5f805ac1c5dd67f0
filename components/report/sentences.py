"""The findings of a run in plain sentences, each a pure function of the facts."""

from __future__ import annotations

from components.pusher.labels import Label
from components.report.facts import (
    OVERALL,
    CalibrationBin,
    Evaluation,
    Facts,
    QualityRow,
    Slice,
)
from components.report.glossary import model_label, term
from components.report.numbers import number, share
from components.report.wording import statement

PRIMARY = "ndcg_at_10"
SMALL_SLICE = 30  # below this many rows a slice's value says little


def verdict(facts: Facts) -> str:
    """What became of the model, and why, in one or two sentences."""
    checks = sum(len(gate.held) for gate in facts.gates)
    failed = facts.failed
    if facts.blessed is None:
        return "No verdict: this run did not judge a model."
    if not facts.blessed:
        return f"Withheld: {_failures(facts, checks)}"
    if facts.infra_blessed is False:
        return "Withheld: the model is good enough, but it did not serve as it must. " + _failures(
            facts, checks
        )
    if failed:  # the gates disagree: say so rather than hide it
        opening = f"Blessed, although {len(failed)} of {checks} checks did not pass"
    else:
        opening = f"Blessed: all {checks} checks passed" if checks else "Blessed"
    if facts.pushed_version is None:
        return f"{opening}. It was not pushed in this run, so the served model did not change."
    if is_on_trial(facts):
        return (
            f"{opening}. It is on trial as version {facts.pushed_version}, which is `canary`; what "
            "is `stable` did not change."
        )
    return f"{opening}. It is served as version {facts.pushed_version}."


def is_on_trial(facts: Facts) -> bool:
    """Whether the model was pushed to be tried out, while users are served another one."""
    return Label.CANARY in facts.pushed_labels and Label.STABLE not in facts.pushed_labels


def _failures(facts: Facts, checks: int) -> str:
    failed = facts.failed
    if not failed:
        return "the run left no failed check that says why; see the log of the Verdict."
    return f"{len(failed)} of {checks} checks failed. {statement(failed[0])}"


def quality(rows: tuple[QualityRow, ...], metric: str = PRIMARY) -> str:
    """How the recommender stands against the baselines; the first row is the recommender."""
    if not rows:
        return "Quality was not measured in this run."
    own = rows[0].metrics.get(metric)
    others = [(r.metrics.get(metric), r.model) for r in rows[1:]]
    measured = [(value, model) for value, model in others if value is not None]
    if own is None or not measured:
        return f"There is no {term(metric).label} to compare with a baseline in this run."
    best, model = max(measured)
    below = sum(1 for value, _ in measured if own > value)
    if own > best:
        change = f"{100 * (own / best - 1):.1f} % above" if best else "above"
        return (
            f"{term(metric).label} is {number(own)}, {change} the best of {len(measured)} "
            f"baselines ({model_label(model)}, {number(best)})."
        )
    return (
        f"{term(metric).label} is {number(own)}, better than {below} of {len(measured)} baselines "
        f"but not than {model_label(model)} ({number(best)})."
    )


def weak_slices(evaluation: Evaluation, metric: str = PRIMARY, limit: int = 3) -> list[str]:
    """The slices in which most is lost against the overall value, worst first.

    Ranked by rows times distance to the overall value, so that a small slice far below does not
    hide a large one a little below. Slices with fewer than `SMALL_SLICE` rows are left out.
    """
    overall = _value(evaluation.overall, metric)
    if overall is None or overall <= 0:
        return []
    lost = []
    for row in evaluation.slices:
        value = _value(row, metric)
        if row.feature == OVERALL or value is None or value >= overall:
            continue
        if row.count is None or row.count >= SMALL_SLICE:
            lost.append(((overall - value) * (row.count or 1), value, row))
    lost.sort(key=lambda entry: (-entry[0], entry[2].feature, entry[2].value))
    return [
        f"{row.feature} = {row.value}: {term(metric).label} {number(value)}, "
        f"{100 * (1 - value / overall):.0f} % below the average"
        + ("." if row.count is None else f", over {row.count:,} requests.")
        for _, value, row in lost[:limit]
    ]


def _value(row: Slice | None, metric: str) -> float | None:
    measured = row.metrics.get(metric) if row else None
    return measured.value if measured else None


def account(facts: Facts) -> str:
    """Where the rows of the log went."""
    data = facts.account
    if data is None:
        return "The data were not accounted for in this run."
    rejected = sum(data.dead_letters.values())
    missing = data.rows_in - data.events - data.duplicates - rejected
    text = (
        f"{data.rows_in:,} rows read {'≠' if missing else '='} {data.events:,} events + "
        f"{data.duplicates:,} duplicates + {rejected:,} dead letters"
    )
    if not missing:
        return f"{text}. Every row is accounted for."
    return f"{text}. These do not add up: {missing:,} rows are unaccounted for."


def reading(facts: Facts) -> str:
    """How much of the log was read, and how much of it users did not do but were shown."""
    data = facts.account
    if data is None:
        return ""
    text = f"{data.bytes_read / 1e6:,.1f} of {data.bytes_total / 1e6:,.1f} MB of the log were read"
    if len(data.partitions) == 1:
        text += f", from the partition {data.partitions[0]}"
    elif data.partitions:
        first, last = data.partitions[0], data.partitions[-1]
        text += f", from {len(data.partitions):,} partitions ({first} to {last})"
    if data.impressions:
        shown = share(data.impressions, data.events)
        text += f". {data.impressions:,} events ({shown}) are impressions"
    return f"{text}."


def described(facts: Facts) -> str:
    """How many of the items and users of the log their tables describe; "" without tables."""
    data = facts.account
    shares = (
        [] if data is None else [("items", data.items_described), ("users", data.users_described)]
    )
    texts = [f"{share(part, 1)} of the {name}" for name, part in shares if part is not None]
    return f"the tables describe {' and '.join(texts)}" if texts else ""


def calibration(bins: tuple[CalibrationBin, ...]) -> str:
    """How far predicted probabilities are from what happened."""
    total = sum(b.count for b in bins)
    if not total:
        return "Calibration was not measured in this run."
    predicted = sum(b.predicted * b.count for b in bins) / total
    observed = sum(b.observed * b.count for b in bins) / total
    error = sum(abs(b.predicted - b.observed) * b.count for b in bins) / total
    text = (
        f"On average {number(predicted)} is predicted and {number(observed)} observed, over "
        f"{total:,.0f} candidates; the mean distance between the two (ECE) is {number(error)}."
    )
    if observed and not 0.9 <= predicted / observed <= 1.1:
        side = "high" if predicted > observed else "low"
        text += f" The predictions are too {side} by a factor of {predicted / observed:.3g}."
    return text
