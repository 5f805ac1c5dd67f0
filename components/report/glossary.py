"""What metrics are called, what they mean and how their values are written, for an analyst."""

from __future__ import annotations

import re

from transform.settings import Frozen


class Term(Frozen):
    """A metric in an analyst's words.

    Attributes:
        label: Short name for a column head.
        meaning: One sentence: what the number says.
        better: `higher`, `lower`, or "" where neither end is good by itself.
    """

    label: str
    meaning: str = ""
    better: str = ""


_TERMS = {
    "ndcg": Term(
        label="NDCG",
        meaning="How near the top of the list the next item stood, averaged over requests: "
        "1 is always first, 0 is never in the list.",
        better="higher",
    ),
    "recall": Term(
        label="Recall",
        meaning="Share of requests whose next item was in the list at all.",
        better="higher",
    ),
    "hit_rate": Term(
        label="Hit rate",
        meaning="Share of requests with at least one right item in the list.",
        better="higher",
    ),
    "mrr": Term(
        label="MRR",
        meaning="One over the place of the next item in the list, averaged over requests: "
        "0.5 is second place.",
        better="higher",
    ),
    "map": Term(label="MAP", meaning="Mean of the precision at each right item.", better="higher"),
    "auc": Term(
        label="AUC",
        meaning="Chance that a taken item scores above one not taken; 0.5 is guessing.",
        better="higher",
    ),
    "gauc": Term(
        label="gAUC",
        meaning="AUC within each user's own candidates, averaged over users.",
        better="higher",
    ),
    "log_loss": Term(
        label="Log loss",
        meaning="How surprised the model is by what happened; 0 is never.",
        better="lower",
    ),
    "normalised_entropy": Term(
        label="Normalised entropy",
        meaning="Log loss relative to always predicting the average rate; "
        "below 1 the model knows more than the average.",
        better="lower",
    ),
    "calibration": Term(
        label="Calibration",
        meaning="Predicted positives over observed ones; 1 is exact, 1.1 is 10 % too many.",
    ),
    "ece": Term(
        label="ECE",
        meaning="Expected calibration error: mean distance between the predicted and the "
        "observed rate.",
        better="lower",
    ),
    "relative_ece": Term(
        label="Relative ECE",
        meaning="Expected calibration error over the observed rate: by how much predictions are "
        "off, as a share of what happens.",
        better="lower",
    ),
    "distinct_items": Term(
        label="Distinct items",
        meaning="Different items in all lists together.",
        better="higher",
    ),
    "coverage": Term(
        label="Coverage",
        meaning="Share of the catalogue that appears in anybody's list.",
        better="higher",
    ),
    "popularity_lift": Term(
        label="Popularity lift",
        meaning="Popularity of what is shown over that of what people take; "
        "1 is neutral, more is a push towards bestsellers.",
    ),
    "intra_list_diversity": Term(
        label="Diversity",
        meaning="How different the items of one list are from each other.",
        better="higher",
    ),
    "distinct_lists": Term(
        label="Distinct lists",
        meaning="Share of users whose list is nobody else's; near 0 the model has collapsed.",
        better="higher",
    ),
    "mean_label": Term(label="Observed rate", meaning="Share of candidates that were taken."),
    "mean_prediction": Term(label="Predicted rate", meaning="Mean predicted probability."),
    "example_count": Term(label="Rows", meaning="Rows measured."),
}
_ALIASES = {
    "catalogue_coverage": "coverage",
    "catalog_coverage": "coverage",
    "distinct_list_ratio": "distinct_lists",
    "distinct_ratio": "distinct_lists",
    "diversity": "intra_list_diversity",
    "binary_cross_entropy": "log_loss",
    "binary_crossentropy": "log_loss",
    "calibration_ratio": "calibration",
    "expected_calibration_error": "ece",
    "normalized_entropy": "normalised_entropy",
}
_MODELS = {
    "recommender": "This recommender",
    "most_popular": "Most popular",
    "recent_popular": "Recently popular",
    "item_knn": "ItemKNN",
    "itemknn": "ItemKNN",
    "sequential_rules": "Sequential rules",
}
_UNITS = {"ms": "ms", "seconds": "s", "s": "s", "mb": "MB", "gb": "GB", "bytes": "bytes"}
_AT_K = re.compile(r"^(?P<name>.+)_at_(?P<k>\d+)$")


def term(metric: str) -> Term:
    """The words for a metric; an unknown one keeps its own name.

    >>> term("ndcg_at_10").label
    'NDCG@10'
    >>> term("shop_score").label
    'Shop score'
    """
    name, k = _split(metric)
    found = _TERMS.get(name)
    if found is None:
        words = name.replace("_", " ").strip()
        found = Term(label=words[:1].upper() + words[1:])
    return found.model_copy(update={"label": f"{found.label}@{k}"}) if k else found


def known(metric: str) -> bool:
    """Whether the glossary explains a metric."""
    return _split(metric)[0] in _TERMS


def _split(metric: str) -> tuple[str, str]:
    """A metric's base name and its cut-off: `ndcg_at_10` -> (`ndcg`, `10`)."""
    match = _AT_K.match(metric)
    name, k = (match["name"], match["k"]) if match else (metric, "")
    return _ALIASES.get(name, name), k


def model_label(model: str) -> str:
    """The name of a recommender in the comparison."""
    return _MODELS.get(model, model.replace("_", " "))


def unit(metric: str) -> str:
    """The unit that a metric's name ends with, or "".

    >>> unit("first_call_ms"), unit("parity")
    ('ms', '')
    """
    return _UNITS.get(metric.rpartition("_")[2], "") if "_" in metric else ""


def without_unit(metric: str) -> str:
    """A metric's name without the unit it ends with.

    >>> without_unit("first_call_ms")
    'first_call'
    """
    return metric.rpartition("_")[0] if unit(metric) else metric


def number(value: float | None, digits: int = 4) -> str:
    """A value for a reader: thousands apart, no more digits than it carries.

    >>> number(0.123456), number(1234567), number(None), number(12.5)
    ('0.1235', '1,234,567', 'n/a', '12.5')
    """
    if value is None:
        return "n/a"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:.{digits}g}"
    return f"{value:.{digits}f}" if abs(value) >= 10**-digits else f"{value:.2g}"


def limit(value: float) -> str:
    """A bound for a reader: as it was set, without padding.

    >>> limit(0.05), limit(2000.0), limit(1e-4)
    ('0.05', '2,000', '0.0001')
    """
    return f"{int(value):,}" if float(value).is_integer() else f"{value:g}"


def share(part: float, whole: float) -> str:
    """A part of a whole in per cent.

    >>> share(1, 8), share(1, 0), share(1, 10**6), share(999_999, 10**6)
    ('12.5 %', 'n/a', '< 0.01 %', '> 99.9 %')
    """
    if not whole:
        return "n/a"
    percent = 100 * part / whole
    if 0 < percent < 0.01:
        return "< 0.01 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.2f} %" if 0 < percent < 1 else f"{percent:.3g} %"
