"""Names of metrics, checks and models -> what an analyst calls them."""

from __future__ import annotations

import re

from components.report.numbers import without_unit
from components.report.terms import MODELS, TERMS, Term

_AT_K = re.compile(r"^(?P<name>.+)_at_(?P<k>\d+)$")
_GAIN, _LEAD, _SLICE = "_gain", "_lead", "slice_"
LOWER, UPPER = "_lower", "_upper"  # ends of the interval of the metric before them
# Ending of a metric's name -> what it adds to the metric's label.
_ADDED = {
    _LEAD: " lead",
    _GAIN: ", gain over the blessed model",
    LOWER: ", lower end",
    UPPER: ", upper end",
}


def term(metric: str) -> Term:
    """The words for a metric or check; an unknown one keeps its own name.

    >>> term("ndcg_at_10").label
    'NDCG@10'
    >>> term("gauc_gain").label
    'gAUC, gain over the blessed model'
    >>> term("slice_ndcg_at_10_gain").kind
    'change'
    >>> term("shop_score").label
    'Shop score'
    """
    for ending, words in _ADDED.items():
        if metric.endswith(ending):
            label = term(metric.removesuffix(ending)).label + words
            return Term(label=label, kind="change" if ending == _GAIN else "number")
    if metric.startswith(_SLICE):
        return term(metric.removeprefix(_SLICE))
    name, k = _split(metric)
    found = TERMS.get(name)
    if found is None:
        words = name.replace("_", " ").strip()
        found = Term(label=words[:1].upper() + words[1:])
    if not k:
        return found
    at_k = {"label": f"{found.label}@{k}", "meaning": found.meaning.replace("{k}", k)}
    return found.model_copy(update=at_k)


def known(metric: str) -> bool:
    """Whether the glossary explains a metric or what it is derived from.

    >>> known("slice_auc"), known("shop_score")
    (True, False)
    """
    return _split(_base(metric))[0] in TERMS


def rank(metric: str) -> tuple[bool, int, int, str]:
    """Sorts metrics: those of lists first, by length, then as the glossary lists them.

    >>> sorted(["auc", "recall_at_100", "shop_score", "mrr_at_10", "ndcg_at_10"], key=rank)
    ['ndcg_at_10', 'mrr_at_10', 'recall_at_100', 'auc', 'shop_score']
    """
    name, k = _split(_base(metric))
    place = list(TERMS).index(name) if name in TERMS else len(TERMS)
    return not k, int(k or 0), place, metric


def model_label(model: str) -> str:
    """The name of a recommender in the comparison."""
    return MODELS.get(model, model)


def _base(metric: str) -> str:
    """The metric that another one is derived from: `slice_auc` -> `auc`."""
    base = metric.removeprefix(_SLICE)
    for ending in (LOWER, UPPER, _LEAD, _GAIN):  # the ends of an interval are said last
        base = base.removesuffix(ending)
    return base


def _split(metric: str) -> tuple[str, str]:
    """A metric's base name and its cut-off: `ndcg_at_10` -> (`ndcg`, `10`)."""
    bare = without_unit(metric)
    match = _AT_K.match(bare)
    return (match["name"], match["k"]) if match else (bare, "")
