"""The analyst's notebook runs on a run's folder and shows what its artifacts hold."""

import base64

import numpy as np
import pytest

from components.report import gather, summary
from tests.components.report.artifacts_of_a_run import PROPERTIES, write_run
from tests.notebooks.execution import execute, figures_of, text_of

pytestmark = pytest.mark.slow


def numbers(values):
    """An array of a figure; plotly packs those of numbers."""
    return list(np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"]))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Outputs of the notebook on a run whose model was withheld."""
    root = tmp_path_factory.mktemp("root")
    inputs = write_run(root / "artifacts", blessed_model=False)
    facts = gather.gather(inputs, PROPERTIES, gather.Run("made-up", "r1"), created=1)
    (root / "report").mkdir()
    (root / "report" / "report.json").write_text(summary.to_json(facts))
    return execute("read_a_run", root)


def test_the_verdict_and_its_reason_are_shown(outputs):
    text = text_of(outputs)
    assert "Withheld: 1 of 3 checks failed. AUC is 0.6000; it must be at least 0.7" in text
    failed_first = text.index("it guesses") < text.index("served scores differ")
    assert failed_first


def test_quality_and_weak_slices_are_shown(outputs):
    text = text_of(outputs)
    assert "item_knn" in text
    assert "0.0900" in text
    # 40 requests at 0.07, and ten more of an unknown gender, too few to judge.
    assert "30%" in text
    assert "user_rung=2-5" in text


def test_the_account_adds_up_and_dead_letters_are_listed(outputs):
    text = text_of(outputs)
    assert "rejected: user_id is missing" in text
    assert "a.csv" in text


def test_figures_show_the_candidate_and_not_the_blessed_model(outputs):
    quality, slices, reliability, curves = figures_of(outputs)
    assert len(quality["data"][0]["y"]) == 3
    assert set(slices["data"][0]["y"]) == {"all requests", "user_rung=21+", "user_rung=2-5"}
    assert numbers(reliability["data"][0]["x"]) == [0.25, 0.125]  # of the candidate's two bins
    assert len(curves["data"]) == 4


def test_nothing_is_written_to_the_error_stream(outputs):
    loud = [o["text"] for o in outputs if o.get("name") == "stderr" and o["text"].strip()]
    assert loud == []
