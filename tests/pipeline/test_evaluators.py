"""TFX's real Evaluator with our EvalConfigs: what it blesses, and what it does not."""

import functools
import math

import pytest

from pipeline.gates import Gates
from tests.components.toy_recommender import ToyRecommender, raw_row, write_split
from tests.pipeline.evaluating import FEATURES, evaluate
from trainer.metrics import item_table
from transform.features import slice_keys

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found_of(tmp_path_factory):
    """What the Evaluator finds of a model: `found_of(kind, config, blessed)`, each once."""
    folder = tmp_path_factory.mktemp("evaluators")
    write_split(folder / "examples", "eval", [raw_row(user, 1 + user % 6) for user in range(240)])

    @functools.cache
    def model(kind):
        path = folder / kind
        # Lists that leave out seen items differ even where the model has collapsed.
        toy = ToyRecommender(kind, forgets_seen=kind == "collapsed")
        toy.save(path / "Format-Serving")
        toy.item_table().write(path / item_table.FILE)
        return path

    @functools.cache
    def found(kind, config, blessed=None):
        out = folder / f"{kind}-{config}-{blessed}"
        against = blessed and model(blessed)
        return evaluate(folder / "examples", out, config, model(kind), against)

    return found


def test_good_lists_are_blessed_and_sliced(found_of):
    blessed, found = found_of("good", "lists")
    assert blessed
    assert found.value("ndcg_at_10") == pytest.approx(1.0)
    assert found.value("recall_at_100") == 1.0
    assert found.value("distinct_items_at_10") == 40
    slices = {tuple(feature for feature, _ in key) for key in found.slices}
    assert slices == {*((key,) for key in slice_keys(FEATURES)), ("segment", "user_rung")}
    assert found.rows((("segment", "north"),)) == 120
    assert found.rows((("segment", "north"), ("user_rung", "2-5"))) == 80


def test_what_lists_hold_is_measured(found_of):
    _, found = found_of("forgetful", "lists", "good")
    for measured in (found.candidate, found.blessed):
        of = {name: by_slice[()] for name, by_slice in measured.items()}
        assert of["hit_rate_at_10"] == of["recall_at_10"]
        assert of["map_at_10"] == of["mrr_at_10"]
        assert of["popularity_lift_at_10"] == 1.0
        assert of["novelty_at_10"] == pytest.approx(math.log2(40))
        assert 0.5 < of["intra_list_diversity_at_10"] < 1.5
        assert of["repeat_share"] == 1 / 8


def test_good_scores_are_blessed(found_of):
    blessed, found = found_of("good", "scores")
    assert blessed
    assert found.value("auc") > 0.99
    assert found.value("calibration") == pytest.approx(1.0, abs=0.1)
    assert found.value("example_count") == 240 * 7 / 8  # repeats are not measured


@pytest.mark.parametrize(
    ("kind", "config", "because"),
    [
        ("shuffled", "scores", "normalised_entropy"),
        ("overconfident", "scores", "calibration"),
        ("collapsed", "lists", "distinct_list_ratio_at_10"),
    ],
)
def test_bad_models_are_not_blessed(found_of, kind, config, because):
    blessed, found = found_of(kind, config)
    assert not blessed
    bounds = (*Gates().verdict.ranker, *Gates().verdict.lists)
    bound = next(bound for bound in bounds if bound.name == because)
    assert not bound.check(found.value(because)).passed


def test_a_step_back_is_measured_with_its_interval_and_left_to_the_verdict(found_of):
    blessed, same = found_of("forgetful", "lists", "forgetful")
    assert blessed
    assert same.gain("ndcg_at_10") == pytest.approx((0.0, 0.0, 0.0, 0.0), abs=0.02)
    blessed, worse = found_of("forgetful", "lists", "good")
    assert blessed  # by TFMA, which knows of no noise
    gain = worse.gain("ndcg_at_10")
    ratio = worse.value("ndcg_at_10") / worse.blessed["ndcg_at_10"][()]
    assert gain.value == pytest.approx(ratio - 1)
    assert gain.lower < gain.value < gain.upper < -0.1
    assert worse.gain("recall_at_10", (("segment", "north"),)).upper < 0


def test_a_step_back_of_scores_is_measured(found_of):
    _, worse = found_of("forgetful", "scores", "good")
    for metric in ("log_loss", "gauc"):
        assert worse.gain(metric).upper < 0
    assert set(worse.gains) == {"log_loss", "gauc", "calibration"}


def test_without_a_blessed_model_no_gain_is_measured(found_of):
    _, found = found_of("good", "lists")
    assert found.gains == {}
