"""Reports of two made-up runs: the later one learns longer, and is better."""

import json

from components.report.facts import Evaluation, Measured, Slice
from components.report.summary import to_json
from tests.components.report.facts_of_a_run import blessed, withheld


def evaluation(ndcg, auc, *, women):
    """All requests and one slice; `women` is None where a run did not measure it."""
    slices = [_slice("", "", 943, ndcg, auc)]
    if women is not None:
        slices.append(_slice("gender", "F", 273, women, auc))
    return Evaluation(name="list", metrics=("ndcg_at_10", "auc"), slices=tuple(slices))


def _slice(feature, value, count, ndcg, auc):
    interval = Measured(value=ndcg, lower=ndcg - 0.01, upper=ndcg + 0.01)
    return Slice(
        feature=feature,
        value=value,
        count=count,
        metrics={"ndcg_at_10": interval, "auc": Measured(value=auc)},
    )


def earlier(**changes):
    """`report.json` of a withheld run."""
    lists = evaluation(0.05, 0.8, women=0.04)
    facts = withheld(
        run_id="first", settings="seed: 17\nranker: {epochs: 2}\n", evaluations=(lists,)
    )
    return {**json.loads(to_json(facts)), **changes}


def later(**changes):
    """`report.json` of a blessed one."""
    lists = evaluation(0.1, 0.79, women=None)
    facts = blessed(
        run_id="second", settings="seed: 17\nranker: {epochs: 9}\n", evaluations=(lists,)
    )
    return {**json.loads(to_json(facts)), **changes}
