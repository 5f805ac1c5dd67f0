from pathlib import Path

import numpy as np
import pytest
from tensorflow.core.protobuf import saved_model_pb2

from components.checks import Bound
from components.serving_validator.calls import ContractError, read_signatures
from components.serving_validator.held_out import HeldOutRequest
from components.serving_validator.probe import Probe
from components.serving_validator.validation import Measured, TryOut, time_of_service
from serving.query import Query

DAY = 86_400
BOUNDS = (
    Bound(name="memory_mb", upper=1.0, why="too large"),
    Bound(name="seen_items_shown", upper=0.0),
)


def _try_out(model, *, exclude_seen=True):
    return TryOut(
        model=model,
        retriever=Path("nowhere"),
        requests=[],
        transformed=[],
        features=(),
        items=3,
        exclude_seen=exclude_seen,
        served=None,
        bounds=BOUNDS,
    )


def _checks(tmp_path, measured, monkeypatch, details=None, **kwargs):
    monkeypatch.setattr(TryOut, "_measure", lambda self, output: Measured(measured, details or {}))
    return {check.name: check for check in _try_out(tmp_path, **kwargs).run(tmp_path)}


def test_what_was_measured_is_held_against_the_bounds(tmp_path, monkeypatch):
    checks = _checks(tmp_path, {"memory_mb": 2.0, "seen_items_shown": 0.0}, monkeypatch)
    assert {name: check.passed for name, check in checks.items()} == {
        "memory_mb": False,
        "seen_items_shown": True,
    }


def test_a_failed_check_says_what_it_is_about(tmp_path, monkeypatch):
    details = {"memory_mb": "most of it in tables"}
    checks = _checks(tmp_path, {"memory_mb": 2.0}, monkeypatch, details)
    assert "too large: most of it in tables" in checks["memory_mb"].sentence


def test_what_was_not_measured_fails(tmp_path, monkeypatch):
    checks = _checks(tmp_path, {"memory_mb": 0.5}, monkeypatch)
    assert not checks["seen_items_shown"].passed


def test_seen_items_may_be_shown_where_the_settings_allow_it(tmp_path, monkeypatch):
    measured = {"memory_mb": 0.5, "seen_items_shown": 9.0}
    assert "seen_items_shown" not in _checks(tmp_path, measured, monkeypatch, exclude_seen=False)


def test_our_own_mistakes_fail_the_run(tmp_path, monkeypatch):
    def mistake(self, output):
        raise KeyError("ours")

    monkeypatch.setattr(TryOut, "_measure", mistake)
    with pytest.raises(KeyError):
        _try_out(tmp_path).run(tmp_path)


def test_no_model_is_a_breach_of_the_contract(tmp_path):
    with pytest.raises(ContractError, match=r"must be a SavedModel\. Received: .*without saved"):
        read_signatures(tmp_path)
    (check,) = _try_out(tmp_path).run(tmp_path)
    assert not check.passed
    assert "must be a SavedModel" in check.why


def test_an_operation_that_the_real_server_does_not_know_fails_before_any_server_starts(tmp_path):
    saved = saved_model_pb2.SavedModel()
    graph = saved.meta_graphs.add().graph_def
    graph.node.add(name="nearest", op="Scann>ScannSearch")
    (tmp_path / "saved_model.pb").write_bytes(saved.SerializeToString())
    (check,) = _try_out(tmp_path).run(tmp_path)
    assert not check.passed
    assert "Received: Scann>ScannSearch (node nearest)." in check.why


@pytest.mark.parametrize(
    ("now", "asked"), [(150, 150), (30 * DAY, 30 * DAY), (101 + 30 * DAY, 100), (9, 100)]
)
def test_a_living_shop_is_asked_now_and_an_old_log_at_its_end(now, asked):
    queries = [Query("u", time, (), (), ()) for time in (50, 100, 70)]
    assert time_of_service(queries, now) == asked


def _answering(embedding):
    """A probe of a server whose embedding of everything is this one."""
    probe = Probe(server=None, client=None, calls=None, declared={})
    answer = np.array(embedding, np.float32)

    def predict(signature, inputs):
        return {"embedding": np.tile(answer, (len(inputs["user_id"]), 1))}

    object.__setattr__(probe, "_predict", predict)
    return probe


QUERIES = [Query(user_id=f"u{i}", request_time=0) for i in range(100)]


def test_embedding_difference_is_the_largest_of_all_coordinates():
    expected = np.zeros((100, 2), np.float32)
    expected[70, 1] = 0.25
    assert _answering([0.0, 0.0]).embedding_difference(QUERIES, expected) == 0.25


def test_a_nan_embedding_is_no_match():
    expected = np.zeros((100, 2), np.float32)
    found = _answering([0.0, np.nan]).embedding_difference(QUERIES, expected)
    assert not Bound(name="embedding_difference", upper=1e-4).check(found).passed


def test_nothing_to_compare_is_no_match():
    found = _answering([0.0]).embedding_difference([], np.zeros((0, 1), np.float32))
    assert not Bound(name="embedding_difference", upper=1e-4).check(found).passed


def test_an_embedding_of_another_width_is_a_breach_of_the_contract():
    with pytest.raises(ContractError, match=r"shape of the retriever's\. Received: \(100, 3\)"):
        _answering([0.0, 0.0, 0.0]).embedding_difference(QUERIES, np.zeros((100, 2), np.float32))


def _ranking(of_request, of_row):
    """A probe of a server that gives three candidates these scores."""
    probe = Probe(server=None, client=None, calls=None, declared={})
    answers = {"rank": of_request, "rank_examples": of_row}

    def predict(signature, inputs):
        return {"score": np.array([answers[signature]] * len(next(iter(inputs.values()))))}

    object.__setattr__(probe, "_predict", predict)
    return probe


@pytest.mark.parametrize(
    ("of_row", "passed"),
    [([0.1, 0.2, 0.9], True), ([0.1, 0.2001, 0.0], False), ([0.1, np.nan, 0.0], False)],
)
def test_a_request_must_get_the_scores_of_its_row(of_row, passed):
    """The third place is padding."""
    request = HeldOutRequest(QUERIES[0], ("a", "b"), b"", ())
    wider = HeldOutRequest(QUERIES[1], ("a", "b", ""), b"", ())
    found = _ranking([0.1, 0.2, 0.0], of_row).row_difference([request, wider])
    assert Bound(name="row_difference", upper=1e-5).check(found).passed == passed
