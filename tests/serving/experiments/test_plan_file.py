"""The file that clients read: there and back, followed, and refused."""

import logging

import pytest

from serving.experiments.plan import Arm, Experiment, Plan, PlanError, from_json, to_json
from serving.experiments.plan_file import PlanFile

PLAN = Plan(
    (
        Experiment("a", "x", (0.0, 0.5), (Arm("old"), Arm("new", 2.0, "canary", 5, {"wide": 1}))),
        Experiment("b", "y", (0.25, 1.0), (Arm("old"), Arm("new", label="next")), True, True),
    )
)


def test_what_is_written_is_read():
    assert from_json(to_json(PLAN), "here") == PLAN


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"experiments": [{"name": "a"}]}', '{"experiments": [1]}']
)
def test_another_file_is_refused(text):
    with pytest.raises(PlanError, match=r"must be what .* writes\. Received: /x/plan\.json"):
        from_json(text, "/x/plan.json")


def replace(path, text):
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def test_a_change_reaches_a_client_that_runs(tmp_path):
    path = tmp_path / "experiments.json"
    path.write_text(to_json(PLAN))
    followed = PlanFile(path, every_s=0)
    assert followed.current() == PLAN
    replace(path, to_json(Plan()))
    assert followed.current() == Plan()


def test_it_is_looked_at_no_more_often_than_asked(tmp_path):
    path = tmp_path / "experiments.json"
    path.write_text(to_json(PLAN))
    followed = PlanFile(path, every_s=3600)
    replace(path, to_json(Plan()))
    assert followed.current() == PLAN


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: replace(path, "{"),
        lambda path: path.write_bytes(b"\xff\xfe{}"),
    ],
)
def test_a_lost_file_leaves_the_experiments_as_they_were(tmp_path, harm, caplog):
    path = tmp_path / "experiments.json"
    path.write_text(to_json(PLAN))
    followed = PlanFile(path, every_s=0)
    harm(path)
    with caplog.at_level(logging.ERROR):
        assert followed.current() == PLAN
    assert "the experiments go on as they were" in caplog.text
    replace(path, to_json(Plan()))
    assert followed.current() == Plan()


def test_there_must_be_one_to_begin_with(tmp_path):
    with pytest.raises(FileNotFoundError):
        PlanFile(tmp_path / "experiments.json")
