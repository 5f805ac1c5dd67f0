"""How far the rows of a run have drifted, as the DataGate has written it down."""

import io

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components.checks import Bound, write_checks
from pipeline.console import Console
from pipeline.data_drift import tell_data


def told(shop, *checks):
    folder = shop.root / "checks"
    folder.mkdir()
    write_checks(folder / "checks.json", checks)
    done = mlmd.Execution.COMPLETE
    shop.run("one-data", {"DataGate": (done, "SluiceChecks", folder, "")})
    printed = io.StringIO()
    code, facts = tell_data(shop.settings, "one-data", Console(printed))
    assert code == 0
    return facts, printed.getvalue()


def drift(kind, value, subject, upper=0.4):
    return Bound(name=f"{kind}_drift", upper=upper).check(value, subject=subject)


def test_the_largest_share_of_a_bound_counts(shop):
    facts, printed = told(
        shop,
        drift("category", 0.1, "train.genre"),
        drift("number", 0.05, "train.age", upper=0.1),
        Bound(name="category_skew", upper=0.1).check(0.1, subject="eval.genre"),
    )
    assert facts == {"drift": pytest.approx(0.5), "drifted": "train.age number_drift"}
    assert "50% of its bound: train.age number_drift" in printed


def test_without_a_model_before_nothing_has_drifted(shop):
    facts, printed = told(shop, Bound(name="duplicates", upper=0.1).check(0.0))
    assert facts == {"drift": 0.0, "drifted": None}
    assert "no model before" in printed
