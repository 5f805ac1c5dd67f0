"""Names of metrics, checks and models -> what an analyst calls them."""

from __future__ import annotations

import re

from components.report.numbers import without_unit
from components.report.terms import MODELS, TERMS, Term

_AT_K = re.compile(r"^(?P<name>.+)_at_(?P<k>\d+)$")
_CHANGE, _LEAD, _SLICE = "_change", "_lead", "slice_"


def term(metric: str) -> Term:
    """The words for a metric or check; an unknown one keeps its own name.

    >>> term("ndcg_at_10").label
    'NDCG@10'
    >>> term("auc_change").label
    'AUC, change against the blessed model'
    >>> term("shop_score").label
    'Shop score'
    """
    if metric.endswith(_CHANGE):
        label = f"{term(metric.removesuffix(_CHANGE)).label}, change against the blessed model"
        return Term(label=label, kind="change")
    if metric.endswith(_LEAD):
        return Term(label=f"{term(metric.removesuffix(_LEAD)).label} lead")
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
    base = metric.removesuffix(_CHANGE).removesuffix(_LEAD).removeprefix(_SLICE)
    return _split(base)[0] in TERMS


def rank(metric: str) -> tuple[bool, int, int, str]:
    """Sorts metrics: those of lists first, by length, then as the glossary lists them.

    >>> sorted(["auc", "recall_at_100", "shop_score", "mrr_at_10", "ndcg_at_10"], key=rank)
    ['ndcg_at_10', 'mrr_at_10', 'recall_at_100', 'auc', 'shop_score']
    """
    name, k = _split(metric)
    place = list(TERMS).index(name) if name in TERMS else len(TERMS)
    return not k, int(k or 0), place, metric


def model_label(model: str) -> str:
    """The name of a recommender in the comparison."""
    return MODELS.get(model, model)


def _split(metric: str) -> tuple[str, str]:
    """A metric's base name and its cut-off: `ndcg_at_10` -> (`ndcg`, `10`)."""
    bare = without_unit(metric)
    match = _AT_K.match(bare)
    return (match["name"], match["k"]) if match else (bare, "")
