"""Every threshold of every gate, in one place.

The settings may override a bound by its name: `gates: {ndcg_at_10: {lower: 0.08}}`. An end that is
not named keeps its value.
"""

from __future__ import annotations

from components.checks import Bound
from components.data_gate.rules import DataRules
from components.verdict.rules import SliceRules, VerdictRules
from transform.settings import Frozen

RANKER = (
    Bound(
        name="auc",
        lower=0.55,
        why="the scores hardly tell taken items from others: shuffled labels or a broken feature",
    ),
    Bound(
        name="normalised_entropy",
        upper=1.0,
        why="the average rate alone would predict better than the scores",
    ),
    Bound(
        name="calibration",
        lower=0.5,
        upper=2.0,
        why="the scores promise another number of taken items than there are",
    ),
    Bound(
        name="relative_ece",
        upper=1.0,
        why="the scores promise too much in one place and too little in another",
    ),
)
LISTS = (
    Bound(
        name="ndcg_at_10", lower=0.005, why="what users wanted next hardly appears in their lists"
    ),
    Bound(
        name="recall_at_10",
        lower=0.01,
        why="what users wanted next is hardly in their lists at all",
    ),
    Bound(
        name="distinct_list_ratio_at_10",
        lower=0.1,
        why="different users are shown the same list: the model has collapsed",
    ),
)
# Gains over the blessed model, as a share of its value (of calibration: in the logarithm of the
# ratio, so 0.02 is a fiftieth of what is promised). Noise is allowed for beside these tolerances,
# which say from where on a step back matters.
RANKER_GAINS = (
    Bound(name="log_loss_gain", lower=-0.01, why="the blessed model predicts better"),
    Bound(name="gauc_gain", lower=-0.01, why="the blessed model orders candidates better"),
    Bound(
        name="calibration_gain",
        lower=-0.02,
        why="the blessed model promises more nearly what happens",
    ),
)
LIST_GAINS = (
    Bound(name="ndcg_at_10_gain", lower=-0.01, why="the blessed model gives better lists"),
    Bound(name="recall_at_10_gain", lower=-0.01, why="the blessed model gives better lists"),
)
# Of each slice of requests that is large enough. Half a per cent where all requests together may
# lose one: a regression hides in a part of the traffic, and Holm's method already allows for noise.
SLICES = SliceRules(
    rows=Bound(name="slice_rows", lower=100, why="fewer rows say too little"),
    false_alarms=Bound(
        name="slice_false_alarms",
        upper=0.05,
        why="chance that a model that is worse in no slice is withheld for one",
    ),
    ranker=(
        Bound(
            name="slice_auc", lower=0.5, why="for these users the order is worse than a random one"
        ),
    ),
    # Noise is allowed for: without a single hit this fails from about 1,900 rows on.
    lists=(
        Bound(
            name="slice_recall_at_10",
            lower=0.002,
            why="what these users wanted next hardly appears in their lists",
        ),
    ),
    ranker_gains=(
        Bound(
            name="slice_log_loss_gain",
            lower=-0.005,
            why="for these users the blessed model predicts better",
        ),
        Bound(
            name="slice_gauc_gain",
            lower=-0.005,
            why="for these users the blessed model orders candidates better",
        ),
    ),
    list_gains=(
        Bound(
            name="slice_ndcg_at_10_gain",
            lower=-0.005,
            why="the blessed model gives these users better lists",
        ),
        Bound(
            name="slice_ndcg_at_100_gain",
            lower=-0.005,
            why="the blessed model finds more of what these users want",
        ),
    ),
)
VERDICT = VerdictRules(
    ranker=RANKER,
    lists=LISTS,
    ranker_gains=RANKER_GAINS,
    list_gains=LIST_GAINS,
    slices=SLICES,
    training=Bound(
        name="rows_within_training",
        upper=0,
        why="the model was trained on the period that it is measured on, and may know the answers",
    ),
    coverage=(
        Bound(
            name="catalogue_coverage_at_10",
            lower=0.02,
            why="of the items that could have been shown nearly none was: the model has collapsed",
        ),
        Bound(
            name="coverage_over_most_popular",
            lower=1.5,
            why="hardly more items are shown than one list for everybody would show: the model has "
            "collapsed",
        ),
    ),
    leads=(
        Bound(
            name="ndcg_at_10_lead",
            lower=1e-6,
            why="a simple list serves users as well, for less",
        ),
    ),
    must_beat=("most_popular", "recent_popular", "item_knn"),
    # Reported until a `lower` is set.
    off_policy=Bound(
        name="off_policy_value_gain",
        why="by the log of shown lists, those of the blessed model would have earned more",
    ),
)
SERVING = (
    Bound(name="start_seconds", upper=120.0, why="the server takes too long to load the model"),
    Bound(name="first_call_seconds", upper=10.0, why="the first call takes too long even so"),
    Bound(name="latency_p50_ms", upper=1000.0, why="users wait too long for their lists"),
    Bound(name="latency_p99_ms", upper=5000.0, why="some users wait too long for their lists"),
    Bound(name="memory_mb", upper=4096.0, why="the server needs too much memory for this model"),
    Bound(
        name="rows_replayed",
        lower=1.0,
        why="no held-out row was found on both sides of the transform, so nothing was compared",
    ),
    Bound(
        name="feature_differences",
        upper=0.0,
        why="serving computes other features from the same row than training did",
    ),
    Bound(
        name="embedding_difference",
        upper=1e-4,
        why="serving computes another embedding from the same row than training did",
    ),
    Bound(
        name="score_difference",
        upper=1e-5,
        why="`recommend` and `rank` give the same item different scores",
    ),
    Bound(
        name="row_difference",
        upper=1e-5,
        why="a request gets other scores than the held-out row that it was made of",
    ),
    Bound(
        name="malformed_refused",
        lower=1.0,
        why="a malformed request must be answered with INVALID_ARGUMENT",
    ),
    Bound(name="cold_start_full", lower=1.0, why="an unknown user must get a full list"),
    Bound(
        name="seen_items_shown",
        upper=0.0,
        why="lists hold items that the user has had, though the settings leave them out",
    ),
    Bound(
        name="excluded_items_shown",
        upper=0.0,
        why="lists hold items that the request excludes",
    ),
    # While the candidate replaces the version that is served, and callers keep calling. Skipped
    # where nothing is served yet.
    Bound(
        name="swap_calls",
        lower=1.0,
        why="nobody called while the versions were swapped, so nothing was seen",
    ),
    Bound(
        name="swap_failed_calls",
        upper=0.0,
        why="calls fail when this version takes the place of the served one",
    ),
    Bound(
        name="swap_version_reversals",
        upper=0.0,
        why="callers were answered by the old version after the new one had taken over",
    ),
    Bound(
        name="swap_p99_ms",
        upper=5000.0,
        why="some callers wait too long while the versions are swapped",
    ),
)


DATA = DataRules(
    anomalies=Bound(name="anomalies", upper=0, why="rows break the schema of their own log"),
    presence=Bound(
        name="presence", lower=1.0, why="rows lack a feature that every one of them must have"
    ),
    unaccounted=Bound(
        name="unaccounted_rows",
        lower=0,
        upper=0,
        why="rows were lost or counted twice on the way: do not train on what is left",
    ),
    duplicates=Bound(
        name="duplicate_share",
        upper=0.5,
        why="most of the log repeats itself: it was probably read or exported twice",
    ),
    dead_letters=Bound(
        name="dead_letter_share",
        upper=0.05,
        why="too many rows were rejected; the dataset `dead_letters` says which and why",
    ),
    future=Bound(
        name="future_share",
        upper=0.001,
        why="events lie in the future: look at the unit and the time zone of the time column",
    ),
    # Of rows in no order at all about half lie before their predecessor, which does no harm: the
    # fold sorts them. For a log that is appended as things happen, 0.01 is a better bound.
    out_of_order=Bound(
        name="out_of_order_share",
        upper=0.6,
        why="time runs backwards in the files: look at the clock, or at how they were exported",
    ),
    disorder_seconds=3600,
    described=Bound(
        name="described_share",
        lower=0.5,
        why="the table describes few of those in the log: the ids may be written in two ways",
    ),
    rows=Bound(name="rows", lower=1.0, why="a split without rows can teach or measure nothing"),
    # What chance explains is allowed on top of these four, so that small samples do not alarm.
    category_drift=Bound(
        name="category_drift",
        upper=0.1,
        why="one value is much more or less frequent than in the data of the blessed model",
    ),
    number_drift=Bound(
        name="number_drift",
        upper=0.1,
        why="the numbers lie elsewhere than in the data of the blessed model",
    ),
    category_skew=Bound(
        name="category_skew",
        upper=0.3,
        why="the requests of the test are others than those that the ranker learns from",
    ),
    number_skew=Bound(
        name="number_skew",
        upper=0.3,
        why="the requests of the test are others than those that the ranker learns from",
    ),
    leaked=Bound(name="leaked_rows", upper=0, why="rows change with what happens after them"),
    certified=Bound(
        name="certified_rows", lower=1, why="without a row to compare nothing is certified"
    ),
    unexplained=Bound(
        name="unexplained_rows", upper=0, why="the written rows are not those that the log gives"
    ),
    revealing=Bound(
        name="single_feature_auc",
        lower=0.02,
        upper=0.98,
        why="this column alone tells the label: it was probably made after the fact",
    ),
    certified_events=200_000,
    certified_users=1000,
    screened_rows=20_000,
)


class Gates(Frozen):
    """The bounds of all gates.

    Attributes:
        data: What the data is held against.
        verdict: What a model's quality is held against.
        serving: What a real server's answers are held against.
    """

    data: DataRules = DATA
    verdict: VerdictRules = VERDICT
    serving: tuple[Bound, ...] = SERVING
