"""The measures of traffic, by the definitions of the gates that let the model pass."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import polars as pl

from components.crediting import led_to_deeds
from components.data_gate.distances import sample_distance
from components.traffic.rows import Rows
from components.traffic.span import Span
from trainer.metrics import scores
from transform.settings import Frozen


class Traffic(Frozen):
    """What the window was like. What cannot be known from the log is None.

    Attributes:
        measured_at: End of the window, unix seconds.
        last_event: Time of the newest event of these users, unix seconds.
        user_share: Share of the users that the measures are of; coverage is of all.
        lists: Lists that these users were shown.
        fallback_share: Share of the lists that the model did not make, of those it was asked for.
        judged: Items that the model showed so long ago that what follows is known.
        positives: Those that led to a deed.
        calibration: Sum of the scores of the judged items over the number of positives.
        normalised_entropy: Log loss of their scores over that of the average rate.
        score_drift: Jensen-Shannon divergence of the scores to those before the window.
        score_drift_noise: What chance may well make of it.
        catalogue_coverage: Share of the catalogue that the model showed to anybody.
        popularity_lift: Mean popularity of what the model showed over that of what users take, by
            the deeds before the window.
        model_version: The newest version that answered.
        model_age_seconds: Since the model was pushed that its towers were trained for: a version is
            numbered by that moment.
    """

    measured_at: int
    last_event: int | None
    user_share: float
    lists: int
    fallback_share: float | None
    judged: int
    positives: int
    calibration: float | None
    normalised_entropy: float | None
    score_drift: float | None
    score_drift_noise: float | None
    catalogue_coverage: float | None
    popularity_lift: float | None
    model_version: int | None
    model_age_seconds: float | None


def measure(
    rows: Rows, span: Span, catalogue: int | None, trained_as: Callable[[int], int]
) -> Traffic:
    """Measures the window of a span.

    Args:
        rows: Of the span.
        span: Its times.
        catalogue: Number of items that can be shown; None takes those that the span names.
        trained_as: Version -> the version as which its towers were published first.
    """
    shown = rows.sample.filter("shown")
    model = shown.filter("model")
    window = pl.col("time") >= span.window_from
    lists = shown.filter(window).unique(["user", "list"])
    before, now = model.filter(~window), model.filter(window)
    version = _number(now["model_version"].max())
    judged = _judged(rows.sample, span)
    items = rows.items if catalogue is None else catalogue
    return Traffic(
        measured_at=span.now,
        last_event=_number(rows.sample["time"].max()),
        user_share=rows.share,
        lists=len(lists),
        fallback_share=_fallback_share(lists),
        judged=len(judged),
        positives=int(judged["label"].sum()),
        **_calibration(judged),
        **_drift(before, now),
        catalogue_coverage=rows.shown_items / items if rows.shown_items else None,
        popularity_lift=_popularity_lift(rows.sample.filter(~window, ~pl.col("shown")), now),
        model_version=version,
        model_age_seconds=None if version is None else float(span.now - trained_as(version)),
    )


def _fallback_share(lists: pl.DataFrame) -> float | None:
    fallback, model = (int(lists[name].sum()) for name in ("fallback", "model"))
    return fallback / (fallback + model) if fallback + model else None


def _drift(before: pl.DataFrame, now: pl.DataFrame) -> dict[str, float | None]:
    if before.is_empty() or now.is_empty():
        return {"score_drift": None, "score_drift_noise": None}
    ours, theirs = (part["score"].cast(pl.Float64).to_numpy() for part in (now, before))
    users = (now["user"].n_unique(), before["user"].n_unique())  # lists of one user are alike
    distance = sample_distance(ours, theirs, users)
    return {"score_drift": distance.value, "score_drift_noise": distance.noise}


def _judged(sample: pl.DataFrame, span: Span) -> pl.DataFrame:
    """Shown items whose deeds are known by now, with `label`: credited as the training rows are."""
    shown = sample.filter("shown")
    label = led_to_deeds(
        shown,
        sample.filter(~pl.col("shown")),
        of=("user", "item"),
        listed="list",
        time="time",
        window=span.attribution_s,
    )
    end = span.now - span.attribution_s
    begin = span.window_from - span.attribution_s
    return shown.with_columns(label.alias("label")).filter(
        pl.col("time").is_between(begin, end, "left"),
        pl.col("score").is_not_null(),
        "model",
    )


def _calibration(judged: pl.DataFrame) -> dict[str, float | None]:
    labels = judged["label"].cast(pl.Float64).to_numpy()
    found = scores.histogram(labels, judged["score"].to_numpy(), np.ones(len(labels)))
    return {
        "calibration": _known(scores.calibration(found)),
        "normalised_entropy": _known(scores.normalised_entropy(found)),
    }


def _popularity_lift(deeds: pl.DataFrame, shown: pl.DataFrame) -> float | None:
    counts = deeds.group_by("item").len("deeds")
    number = counts["deeds"].cast(pl.Float64).to_numpy()
    if counts.is_empty() or shown.is_empty():
        return None
    typical = float((number**2).sum() / number.sum())
    found = shown.join(counts, "item", "left")["deeds"].fill_null(0).to_numpy()
    return float(found.mean()) / typical


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
