"""What each metric and check says, in an analyst's words."""

from __future__ import annotations

from typing import Literal

from transform.settings import Frozen


class Term(Frozen):
    """A metric or check in an analyst's words.

    Attributes:
        label: Short name for a column head.
        meaning: One sentence: what the number says; `{k}` is the length of the list.
        better: `higher`, `lower`, or "" where neither end is good by itself.
        kind: How its values are read: `number`, `share` (in per cent), `answer` (1 is yes, 0 is
            no) or `change` (a signed share of the value it is compared with).
        per_request: Whether it is a mean over requests of a value from 0 to 1, so that its interval
            follows from the mean and the number of requests.
    """

    label: str
    meaning: str = ""
    better: Literal["higher", "lower", ""] = ""
    kind: Literal["number", "share", "answer", "change"] = "number"
    per_request: bool = False


TERMS = {
    "ndcg": Term(
        label="NDCG",
        meaning="How near the top of the list the next item stood, averaged over requests: "
        "1 is always first, 0 is never in the list.",
        better="higher",
        per_request=True,
    ),
    "recall": Term(
        label="Recall",
        meaning="Share of requests whose next item was among the first {k} of the list.",
        better="higher",
        per_request=True,
    ),
    "mrr": Term(
        label="MRR",
        meaning="One over the place of the next item in the list, averaged over requests: "
        "0.5 is second place.",
        better="higher",
        per_request=True,
    ),
    "hit_rate": Term(
        label="Hit rate",
        meaning="Recall by its other name: each request has one next item.",
        better="higher",
    ),
    "map": Term(
        label="MAP",
        meaning="MRR by its other name: each request has one next item.",
        better="higher",
    ),
    "repeat_share": Term(
        label="Repeats",
        meaning="Share of requests whose next item the user had had before; lists that leave out "
        "such items cannot hold it.",
        kind="share",
    ),
    "catalogue_coverage": Term(
        label="Catalogue coverage",
        meaning="Share of the items that could have been shown that appear in anybody's list.",
        better="higher",
        kind="share",
    ),
    "distinct_items": Term(
        label="Distinct items",
        meaning="Different items in all lists together.",
        better="higher",
    ),
    "distinct_list_ratio": Term(
        label="Distinct lists",
        meaning="Different lists over requests; near 0 everybody is shown the same.",
        better="higher",
    ),
    "popularity_lift": Term(
        label="Popularity lift",
        meaning="How popular the first {k} items are, over how popular what users take is; "
        "2 is twice as popular.",
    ),
    "novelty": Term(
        label="Novelty",
        meaning="Bits that an item of the first {k} tells: one more is half as well known.",
    ),
    "intra_list_diversity": Term(
        label="Diversity within lists",
        meaning="How unlike each other the first {k} items are: 0 all alike, 1 unrelated.",
    ),
    "off_policy_value": Term(
        label="Off-policy value",
        meaning="Deeds that a list would have led to, estimated from the lists of the log and the "
        "probabilities with which they were shown.",
        better="higher",
    ),
    "auc": Term(
        label="AUC",
        meaning="Chance that a taken item scores above one not taken; 0.5 is guessing.",
        better="higher",
    ),
    "gauc": Term(
        label="gAUC",
        meaning="AUC among the candidates of one request, averaged over requests.",
        better="higher",
    ),
    "log_loss": Term(
        label="Log loss",
        meaning="How surprised the model is by what happened; 0 is never.",
        better="lower",
    ),
    "log_likelihood": Term(
        label="Log likelihood",
        meaning="Minus the log loss of all candidates of a request, those that were left out put "
        "back; 0 would be no surprise at all.",
        better="higher",
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
        meaning="Expected calibration error: how far predictions are off on average, in the unit "
        "of a probability.",
        better="lower",
    ),
    "relative_ece": Term(
        label="Relative ECE",
        meaning="Expected calibration error over the observed rate: by how much predictions are "
        "off, as a share of what happens.",
        better="lower",
    ),
    "mean_label": Term(label="Observed rate", meaning="Share of candidates that were taken."),
    "mean_prediction": Term(label="Predicted rate", meaning="Mean predicted probability."),
    "rows_within_training": Term(
        label="Evaluated requests of the time that the model was trained on", better="lower"
    ),
    "anomalies": Term(label="Rows that break the schema: kinds of anomalies", better="lower"),
    "presence": Term(label="Rows that have a required feature", better="higher", kind="share"),
    "duplicate_share": Term(label="Duplicates among the rows read", better="lower", kind="share"),
    "dead_letter_share": Term(label="Rejected rows", better="lower", kind="share"),
    "unaccounted_rows": Term(label="Rows unaccounted for", better="lower"),
    "out_of_order_share": Term(
        label="Rows far before the row above them", better="lower", kind="share"
    ),
    "future_share": Term(label="Events from the future", better="lower", kind="share"),
    "described_share": Term(label="Described by their table", better="higher", kind="share"),
    "rows": Term(label="Rows"),
    "category_drift": Term(label="Drift of a category: largest change of a share", better="lower"),
    "number_drift": Term(label="Drift of a number: Jensen-Shannon divergence", better="lower"),
    "category_skew": Term(
        label="Skew of a category, test against training: largest difference of a share",
        better="lower",
    ),
    "number_skew": Term(
        label="Skew of a number, test against training: Jensen-Shannon divergence", better="lower"
    ),
    "single_feature_auc": Term(label="AUC of a single feature"),
    "certified_rows": Term(label="Rows compared for the leakage certificate", better="higher"),
    "leaked_rows": Term(label="Rows that know their own future", better="lower"),
    "unexplained_rows": Term(label="Rows that the log does not explain", better="lower"),
    "start": Term(label="Start-up time", better="lower"),
    "first_call": Term(label="First call", better="lower"),
    "latency_p50": Term(label="Latency of a single request: median", better="lower"),
    "latency_p99": Term(label="Latency of a single request: 99th percentile", better="lower"),
    "memory": Term(label="Memory of the server", better="lower"),
    "rows_replayed": Term(label="Held-out rows replayed", better="higher"),
    "feature_differences": Term(
        label="Features of held-out rows that are not, bit by bit, those of training",
        better="lower",
    ),
    "embedding_difference": Term(
        label="Embeddings, served against trained: largest difference", better="lower"
    ),
    "row_difference": Term(
        label="Scores of a request against those of its row: largest difference", better="lower"
    ),
    "score_difference": Term(
        label="Scores of recommend against rank: largest difference", better="lower"
    ),
    "malformed_refused": Term(label="Malformed requests are refused", kind="answer"),
    "cold_start_full": Term(label="Unknown users get a full list", kind="answer"),
    "seen_items_shown": Term(label="Items shown although the user has had them", better="lower"),
    "excluded_items_shown": Term(label="Items shown although excluded", better="lower"),
    "swap_calls": Term(label="Calls while versions were swapped", better="higher"),
    "swap_failed_calls": Term(
        label="Calls that failed while versions were swapped", better="lower"
    ),
    "swap_version_reversals": Term(
        label="Answers of the old version after the new one had taken over", better="lower"
    ),
    "swap_p99": Term(label="Latency while versions were swapped: 99th percentile", better="lower"),
}

MODELS = {
    "recommender": "This recommender",
    "most_popular": "Most popular",
    "recent_popular": "Recently popular",
    "item_knn": "ItemKNN",
    "sequential_rules": "Sequential rules",
}
