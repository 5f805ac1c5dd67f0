"""Training curves name the best epoch."""

import pytest

from components.report.facts import Training
from components.report.sections.models import curves
from tests.components.report.facts_of_a_run import EMPTY, blessed
from tests.components.report.reading import parse, section, text_of


def test_training_curves_name_the_best_epoch():
    captions = [text_of(c) for c in section(parse(blessed()), "models").iter("figcaption")]
    assert "Ranker: Loss over 5 epochs. Best on validation rows: 0.1210 in epoch 3." in captions
    assert any("NDCG@10 over 14 epochs. Best on validation rows" in text for text in captions)


@pytest.mark.parametrize(
    ("metric", "best"),
    [("val_loss", 2), ("val_log_loss", 2), ("val_ndcg_at_10", 3), ("val_log_likelihood", 3)],
)
def test_the_best_epoch_is_the_lowest_loss_and_the_highest_quality(metric, best):
    training = Training(model="Ranker", history={metric: (0.3, 0.1, None, 0.2)})
    rising = Training(model="Ranker", history={metric: (0.2, 0.1, 0.4, None)})
    (curve,) = curves(blessed(trainings=(training if "loss" in metric else rising,)))
    assert curve.caption.endswith(f"in epoch {best}.")


def test_curves_that_only_repeat_or_stay_the_same_are_left_out():
    history = {"loss": (2.0, 1.0), "regularization_loss": (0.0, 0.0), "total_loss": (2.0, 1.0)}
    history |= {"learning_rate": (0.001, 0.001)}
    (curve,) = curves(blessed(trainings=(Training(model="Retriever", history=history),)))
    assert curve.caption.startswith("Retriever: Loss")


def test_values_that_a_search_chose_are_told_and_others_not():
    found = Training(model="Ranker", history={}, chosen={"learning_rate": 0.0012345, "layers": 2})
    page = text_of(section(parse(blessed(trainings=(found,))), "models"))
    assert "Ranker was trained with what a search chose: learning_rate 0.001234, layers 2." in page
    assert "search" not in text_of(section(parse(blessed()), "models"))


def test_a_model_that_diverged_at_once_has_no_curve():
    training = Training(model="Ranker", history={"loss": (float("nan"),)})
    assert curves(blessed(trainings=(training,))) == []
    assert curves(EMPTY) == []
