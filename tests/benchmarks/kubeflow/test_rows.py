"""Each bar is held where it should be, and lost where it should be."""

import pytest

from benchmarks.kubeflow.demo import difference, differing
from benchmarks.kubeflow.kills import Sweep
from benchmarks.kubeflow.start_up import Start, rows


def run(**metrics):
    return {"quality": {"rows": [{"model": "sluice", **metrics}]}}


def test_a_metric_that_differs_is_seen():
    same = difference(run(ndcg=0.25, mrr=0.5), run(ndcg=0.25, mrr=0.5 + 1e-9))
    other = difference(run(ndcg=0.25, mrr=0.5), run(ndcg=0.25, mrr=0.5001))
    assert (same.holds, other.holds) == (True, False)
    assert other.value == pytest.approx(1e-4)


def test_a_metric_that_only_one_run_has_is_refused():
    with pytest.raises(ValueError, match=r"Received: sluice\.mrr of one alone"):
        difference(run(ndcg=0.25), run(ndcg=0.25, mrr=0.5))


def test_lists_that_differ_and_empty_ones_are_counted():
    assert differing([["a"], ["b"]], [["a"], ["b"]]).holds
    assert differing([["a"], ["b", "c"]], [["a"], ["c", "b"]]).value == 1
    assert differing([["a"], []], [["a"], []]).value == 1


def test_a_sweep_holds_only_where_all_went_well():
    def held(**changes):
        fine = {"killed": ["A", "B"], "repeated": ["A", "B"], "versions": 1}
        fine["published"] = {"A.model": 1, "B.model": 1}
        return [row.holds for row in Sweep(**fine | changes).rows() if row.bar]

    assert held() == [True] * 5
    assert held(killed=["A"], missed=["B"])[0] is False
    assert held(repeated=["A"])[1] is False
    assert held(again=["A"])[2] is False
    assert held(published={"A.model": 2, "B.model": 1})[3] is False
    assert held(published={"A.model": 0, "B.model": 1})[3] is False
    assert held(versions=2)[4] is False


def test_a_node_that_starts_later_than_in_tfx_s_container_loses_its_bar():
    ours = {"A": Start(1.0, 1.0, 2**20), "B": Start(9.0, 3.0, 2**20)}
    others = {name: Start(5.0, 2.0, 2**21) for name in ours}
    found = {row.measure: row for row in rows(ours, others, others)}
    assert found["A: processor time until its executor begins"].holds
    assert not found["B: processor time until its executor begins"].holds
    assert found["B: memory once its executor begins"].peers["TFX's own container"] == 2.0
