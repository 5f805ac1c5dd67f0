"""The page: facts in, one self-contained HTML file out. It loads nothing and runs offline."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from components.report import sentences
from components.report.document import render_document
from components.report.facts import Facts
from components.report.figures import reliability
from components.report.glossary import term
from components.report.sections import (
    checks,
    data,
    findings,
    lists,
    models,
    multiples,
    overview,
    quality,
    slices,
)
from components.report.terms import Term

SECTIONS = (
    ("checks", "Checks"),
    ("quality", "Quality"),
    ("slices", "For whom it works"),
    ("lists", "What users are shown"),
    ("models", "Inside the models"),
    ("data", "Data"),
    ("serving", "Serving"),
    ("lineage", "Lineage"),
)


@dataclass(frozen=True)
class View:
    """What the templates print, in the order of the page."""

    tone: str
    sign: str
    word: str
    verdict: str
    cards: list[overview.Card]
    sections: tuple[tuple[str, str], ...]
    gates: list[checks.GateView]
    quality: quality.Quality | None
    weak: list[str]
    ladder_metric: Term | None
    ladders: list[slices.Ladder]
    multiples: list[multiples.Panel]
    small: int
    slice_tables: list[slices.SliceTable]
    list_sentences: list[str]
    users: list[lists.User]
    calibration: str
    reliability: Markup
    chosen: list[str]
    curves: list[models.Curve]
    account: str
    described: str
    reading: str
    flow: list[data.FlowRow]
    periods: list[data.PeriodRow]
    splits: list[data.SplitRow]
    leakage: list[findings.CertificateRow]
    drift: list[findings.Finding]
    skew: list[findings.Finding]
    revealing: list[findings.Finding]
    features: list[data.FeatureRow]
    serving: list[overview.Card]
    lineage: list[tuple[str, str]]


def render(facts: Facts) -> str:
    """The whole page as text."""
    return render_document("page.html", facts=facts, view=_view(facts))


def _view(facts: Facts) -> View:
    tone, word = overview.stamp(facts)
    evaluation = facts.evaluation("list")
    metric = slices.ladder_metric(evaluation)
    return View(
        tone=tone,
        sign=checks.SIGNS[tone],
        word=word,
        verdict=sentences.verdict(facts),
        cards=overview.cards(facts),
        sections=SECTIONS,
        gates=checks.gates(facts),
        quality=quality.comparison(facts),
        weak=sentences.weak_slices(evaluation) if evaluation else [],
        ladder_metric=None if metric is None else term(metric),
        ladders=slices.ladders(facts),
        multiples=multiples.panels(facts),
        small=sentences.SMALL_SLICE,
        slice_tables=slices.tables(facts),
        list_sentences=lists.sentences(facts),
        users=lists.users(facts),
        calibration=sentences.calibration(facts.calibration),
        reliability=reliability(facts.calibration, title="Predicted against observed rate"),
        chosen=models.chosen(facts),
        curves=models.curves(facts),
        account=sentences.account(facts),
        described=sentences.described(facts),
        reading=sentences.reading(facts),
        flow=data.flow(facts.account),
        periods=data.periods(facts.account),
        splits=data.splits(facts.account),
        leakage=findings.leakage(facts),
        drift=findings.drift(facts),
        skew=findings.skew(facts),
        revealing=findings.revealing(facts),
        features=data.features(facts),
        serving=overview.serving(facts),
        lineage=overview.lineage(facts),
    )
