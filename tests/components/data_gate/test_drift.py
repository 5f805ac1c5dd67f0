"""Drift and skew: equal data passes, each planted shift is stopped and named."""

import pytest

from components.data_gate.declared import Declared
from components.data_gate.drift import check_drift, check_skew
from tests.components.data_gate.bounds import RULES, failed
from tests.components.data_gate.statistics import categories, dataset, numbers
from transform.aggregates import Aggregate
from transform.features import Feature
from transform.settings import ExampleSettings, SplitSettings

FEATURES = (
    Feature(name="city", side="query", kind="category"),
    Feature(name="age", side="query", kind="number"),
    Feature(name="price", side="candidate", kind="number"),
    Feature(name="title", side="candidate", kind="text"),
    Feature(name="released", side="candidate", kind="time"),
)
AGGREGATES = (Aggregate(name="views_1d", of="all", count="view", window="1d"),)
DECLARED = Declared(FEATURES, AGGREGATES, SplitSettings(), ExampleSettings(), seed=1)
CITIES = {"Wien": 600, "Graz": 400}
AGES = list(range(20, 70))


def train(users=5000, **changed):
    columns = {
        "history_item_id": categories({"i1": 10, "i2": 90}, name="history_item_id"),
        "history_event_type": categories({"view": 90, "buy": 10}, name="history_event_type"),
        "city": categories(CITIES, name="city"),
        "age": numbers(AGES, name="age"),
        "request_time": numbers([1.0], name="request_time"),
    }
    columns.update(changed)
    return dataset(10_000, *(c for c in columns.values() if c is not None), users=users)


def statistics(
    *,
    price=(1.0, 2.0, 3.0),
    views=(0.0, 1.0),
    title="t1",
    released=1.0,
    volume=(5.0,),
    lengths=AGES,
    **changed,
):
    catalogue = dataset(
        5000,
        numbers(price, name="price"),
        categories({title: 10}, name="title"),
        *([] if released is None else [numbers([released], name="released")]),
        numbers([released or 0.0], name="item_count"),
        categories({title: 10}, name="item_id"),
    )
    city = categories(CITIES, name="city")
    volumes = numbers(volume, name="views_1d")
    history = categories({"i1": 10, "i2": 90}, lengths=lengths, name="history_item_id")
    ranking = dataset(9000, numbers(views, name="views_7d"), volumes, city, history, users=5000)
    return {"train": train(**changed), "catalogue": catalogue, "ranking": ranking}


def drifted(**changes):
    return failed(check_drift(statistics(**changes), statistics(), DECLARED, RULES))


def test_equal_data_passes_and_everything_that_says_something_is_watched():
    checks = list(check_drift(statistics(), statistics(), DECLARED, RULES))
    assert failed(checks) == []
    assert [check.name for check in checks] == [
        "train.age number_drift",
        "train.city category_drift",
        "train.history_event_type category_drift",
        "train.history_item_id category_drift",
        "catalogue.price number_drift",
        "catalogue.released category_drift",
        "catalogue.title category_drift",
        "ranking.views_7d number_drift",
        "ranking.history_length number_drift",
    ]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"city": categories({"Wien": 400, "Graz": 600}, name="city")}, "train.city category"),
        ({"age": numbers([a + 30 for a in AGES], name="age")}, "train.age number"),
        (
            {"history_event_type": categories({"view": 1, "buy": 1}, name="history_event_type")},
            "train.history_event_type category",
        ),
        (
            {"history_item_id": categories({"i3": 1}, lengths=AGES, name="history_item_id")},
            "train.history_item_id category",
        ),
        ({"lengths": [2, *AGES[25:]]}, "ranking.history_length number"),
        ({"price": (100.0, 200.0, 300.0)}, "catalogue.price number"),
        ({"views": (7.0, 9.0)}, "ranking.views_7d number"),
    ],
)
def test_a_planted_shift_is_stopped_and_named(change, name):
    assert drifted(**change) == [f"{name}_drift"]


def test_the_sentence_says_what_was_measured_against_which_bound():
    now = statistics(city=categories({"Wien": 900, "Graz": 100}, name="city"))
    (check,) = (c for c in check_drift(now, statistics(), DECLARED, RULES) if not c.passed)
    assert check.value == pytest.approx(0.3)
    # sqrt(ln(2 * 2 / 1e-4) / 2 * (1/5000 + 1/5000)) on top of 0.1, by hand.
    assert check.upper == pytest.approx(0.1 + 0.04603, abs=1e-5)
    assert check.sentence.startswith(
        "FAIL: train.city category_drift is 0.3; it must be at most 0.146"
    )


def test_a_small_sample_does_not_alarm():
    other = categories({"Wien": 900, "Graz": 100}, name="city")
    assert drifted(city=other, users=100) == []


@pytest.mark.parametrize("name", ["city", "age"])
def test_a_declared_feature_that_no_row_has_any_more_is_stopped(name):
    assert [check.partition(" ")[0] for check in drifted(**{name: None})] == [f"train.{name}"]


@pytest.mark.parametrize(("name", "nothing"), [("title", ""), ("released", None)])
def test_a_text_or_time_that_is_missing_everywhere_is_stopped(name, nothing):
    assert drifted(**{name: nothing}) == [f"catalogue.{name} category_drift"]


def test_times_texts_ids_of_rows_and_the_volume_of_the_day_may_change():
    assert drifted(title="t2", released=9e9, volume=(500.0,)) == []


def test_histories_may_be_cut_elsewhere():
    assert drifted(lengths=[min(age, 40) for age in AGES]) == []


def test_a_new_feature_has_nothing_to_be_compared_with():
    before = statistics(city=None)
    names = [check.name for check in check_drift(statistics(), before, DECLARED, RULES)]
    assert "train.city category_drift" not in names


def requests(**columns):
    made = [numbers(values, name=name) for name, values in columns.items()]
    return dataset(5000, *made, users=5000)


def test_requests_of_the_test_like_those_of_the_training_pass():
    both = requests(views_7d=AGES, age=AGES, label=[0.0, 1.0])
    checks = list(check_skew({"ranking": both, "eval": both}, DECLARED, RULES))
    assert [(check.name, check.passed) for check in checks] == [
        ("eval.age number_skew", True),
        ("eval.views_7d number_skew", True),
    ]


def test_a_skewed_feature_is_stopped_and_named():
    splits = {"ranking": requests(views_7d=AGES), "eval": requests(views_7d=[1000.0])}
    assert failed(check_skew(splits, DECLARED, RULES)) == ["eval.views_7d number_skew"]


def test_lists_of_candidates_are_not_compared():
    listed = numbers([1.0, 2.0], name="item_views")
    listed.num_stats.common_stats.max_num_values = 2
    single = requests(item_views=[1000.0])
    splits = {"ranking": dataset(5000, listed, users=5000), "eval": single}
    assert list(check_skew(splits, DECLARED, RULES)) == []
