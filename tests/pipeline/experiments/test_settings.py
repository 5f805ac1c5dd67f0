"""Experiments in the settings: what is taken, and what is refused."""

import pytest
from pydantic import ValidationError

from pipeline.experiments.settings import ExperimentSettings, plan_of
from pipeline.settings import Settings

ARMS = [{"name": "old"}, {"name": "new", "label": "canary"}]


def settings(*experiments, features=()):
    whole = [{"outcome": "buy", "arms": ARMS, **one} for one in experiments]
    tables = {"events": {"path": "e"}, "users": {"path": "u"}}
    return Settings.model_validate(
        {"name": "shop", "root": "r", "data": tables, "experiments": whole, "features": features}
    )


def test_a_small_one_is_enough_and_clients_are_told_what_they_need():
    [one] = settings({"name": "ranker"}).experiments
    [told] = plan_of([one]).experiments
    assert (told.layer, told.users, told.stopped) == ("lists", (0.0, 1.0), False)
    assert [(arm.name, arm.share, arm.label) for arm in told.arms] == [
        ("old", 1.0, ""),
        ("new", 1.0, "canary"),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"users": [0.5, 0.5]}, r"first and a last place .* Received: \[0\.5, 0\.5\]"),
        ({"users": [0, 1.5]}, r"Received: \[0\.0, 1\.5\]"),
        ({"arms": ARMS[:1]}, "at least 2 items"),
        ({"arms": [ARMS[0], ARMS[0]]}, "Received: 'old' more than once in 'a'"),
        ({"arms": [ARMS[0], {"name": "x", "share": 0}]}, "greater than 0"),
        ({"arms": [ARMS[0], {"name": "x", "lable": "canary"}]}, "Extra inputs"),
        ({"interleaved": True, "arms": [{"name": "x"}, {"name": "y"}]}, "can be interleaved"),
        ({"interleaved": True, "arms": [ARMS[0], {**ARMS[1], "k": 5}]}, "can be interleaved"),
        ({"slices": ["country"]}, r"Received: country for 'a', with \[\] declared"),
        ({"name": "A=b"}, "should match pattern"),
    ],
)
def test_what_makes_no_experiment_is_refused(change, said):
    with pytest.raises(ValidationError, match=said):
        settings({"name": "a", **change})


def test_slices_are_declared_query_features():
    country = {"name": "country", "side": "query", "kind": "category"}
    assert settings({"name": "a", "slices": ["country"]}, features=[country]).experiments


WIDE = [{"name": "old"}, {"name": "wide", "parameters": {"columns": 5}}]


def test_one_layer_shares_its_users_out_and_another_has_them_all_again():
    settings(
        {"name": "a", "users": [0, 0.5]},
        {"name": "b", "users": [0.5, 1]},
        {"name": "c", "layer": "page", "arms": WIDE},
        {"name": "d", "users": [0, 1], "stopped": True},
    )


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"name": "a", "users": [0.5, 1]}, "Received: 'a' 2 times"),
        ({"name": "b", "users": [0.4, 1]}, r"Received: 'a' with \[0\.0, 0\.5\] and 'b' with"),
        ({"name": "b", "layer": "page"}, "Received: label changed by 'a' and 'b'"),
    ],
)
def test_what_gets_in_each_others_way_is_refused(other, said):
    with pytest.raises(ValidationError, match=said):
        settings({"name": "a", "users": [0, 0.5]}, other)


def test_the_same_parameter_in_two_layers_is_refused():
    with pytest.raises(ValidationError, match=r"Received: parameters\.columns changed by"):
        settings({"name": "a", "arms": WIDE}, {"name": "b", "layer": "page", "arms": WIDE})


def test_every_key_is_explained():
    for name in ExperimentSettings.model_fields:
        assert f"{name}:" in ExperimentSettings.__doc__
