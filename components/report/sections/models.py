"""Inside the models: training curves, and the values that a search chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.report.facts import Facts, Training
from components.report.figures import Line, line_chart
from components.report.glossary import term
from components.report.numbers import number
from trainer.tuning.chosen import worded

_VALIDATION = "val_"
_LOSS = "loss"


@dataclass(frozen=True)
class Curve:
    """One figure with the sentence below it."""

    figure: Markup
    caption: str


def curves(facts: Facts) -> list[Curve]:
    """A figure for each model and metric, with its training and validation line."""
    return [
        curve
        for training in facts.trainings
        for metric in _metrics(training)
        if (curve := _curve(training, metric)) is not None
    ]


def chosen(facts: Facts) -> list[str]:
    """A sentence for each model whose settings were searched for."""
    return [
        f"{training.model} was trained with what a search chose: {worded(training.chosen)}."
        for training in facts.trainings
        if training.chosen
    ]


def _metrics(training: Training) -> list[str]:
    """Metric names without the validation prefix, in recorded order, that say something.

    TFRS also records a total loss, which repeats the loss, and a regularisation loss of zero; a
    learning rate may stay the same.
    """
    seen: set[tuple[float | None, ...]] = set()
    names = []
    for name, values in training.history.items():
        stays = len(values) > 1 and len(set(values)) == 1
        if values not in seen and any(values) and not stays:
            names.append(name.removeprefix(_VALIDATION))
        seen.add(values)
    return list(dict.fromkeys(names))


def _curve(training: Training, metric: str) -> Curve | None:
    train = training.history.get(metric, ())
    validation = training.history.get(_VALIDATION + metric, ())
    lines = [
        Line(label, values, style)
        for style, (label, values) in enumerate((("training", train), ("validation", validation)))
        if any(v is not None for v in values)
    ]
    if not lines:
        return None
    lower_is_better = metric.endswith(_LOSS) or term(metric).better == "lower"
    best = _best(validation, lower_is_better=lower_is_better)
    label = term(metric).label
    title = f"{training.model}: {label} by epoch"
    figure = line_chart(lines, title=title, x_label="epoch", y_label=label, marked=best)
    caption = f"{training.model}: {label} over {len(train or validation)} epochs."
    if best is not None:
        caption += f" Best on validation rows: {number(validation[best - 1])} in epoch {best}."
    return Curve(figure, caption)


def _best(values: Sequence[float | None], *, lower_is_better: bool) -> int | None:
    """The epoch, counted from 1, with the best value."""
    measured = [(v, i) for i, v in enumerate(values, 1) if v is not None]
    if not measured:
        return None
    sign = 1 if lower_is_better else -1
    return min(measured, key=lambda entry: (sign * entry[0], entry[1]))[1]
