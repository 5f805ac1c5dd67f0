"""The comparison is drawn from the served lists and the baselines, on what all have in common."""

from components.report.facts import Evaluation, Measured, Slice
from components.report.readers import quality


def lists(**metrics):
    measured = {name: Measured(value=value) for name, value in metrics.items()}
    overall = Slice(feature="", value="", metrics=measured)
    return Evaluation(name="list", metrics=tuple(metrics), slices=(overall,))


def test_only_metrics_that_all_have_are_compared():
    baselines = {
        "item_knn": {"mrr_at_10": 0.1, "ndcg_at_10": 0.2, "coverage": 0.5},
        "most_popular": {"ndcg_at_10": 0.1, "mrr_at_10": 0.05},
    }
    rows = quality(baselines, lists(ndcg_at_10=0.3, mrr_at_10=0.2, recall_at_100=0.6))
    assert [(row.model, row.metrics) for row in rows] == [
        ("recommender", {"ndcg_at_10": 0.3, "mrr_at_10": 0.2}),
        ("item_knn", {"ndcg_at_10": 0.2, "mrr_at_10": 0.1}),
        ("most_popular", {"ndcg_at_10": 0.1, "mrr_at_10": 0.05}),
    ]


def test_without_an_evaluation_there_is_nothing_to_compare():
    assert quality({"item_knn": {"ndcg_at_10": 0.2}}, None) == ()
    assert quality({"item_knn": {"ndcg_at_10": 0.2}}, Evaluation(name="list")) == ()
