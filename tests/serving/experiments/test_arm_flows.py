"""Clients of users under experiments, with a real server of two versions that have labels."""

import shutil

import pytest

from serving.client import ServingError
from serving.experiments.assignment import arm_of
from serving.experiments.plan import Arm, Experiment, Plan, to_json
from serving.experiments.plan_file import PlanFile
from serving.user_flows import UserClientSettings
from serving.user_state.record import Publication
from serving.user_state.sqlite_store import SqliteUserStates

USERS = [f"user-{n}" for n in range(12)]


@pytest.fixture(scope="module")
def two_versions(toy_models, tmp_path_factory):
    """Address of a server with toy model 1 as `stable` and 3, of other inputs, as `canary`."""
    from serving.model_server.servables import load_servable
    from serving.model_server.server import ModelServer
    from serving.model_server.version_policy import ALL
    from serving.model_server.versions import ModelVersions

    base_path = tmp_path_factory.mktemp("two_versions")
    for number in (1, 3):
        shutil.copytree(toy_models / str(number), base_path / str(number))
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0, policy=ALL)
    server = ModelServer({"recommender": model}, "127.0.0.1", 0)
    port = server.start({"recommender": {"stable": 1, "canary": 3}})
    yield f"127.0.0.1:{port}"
    server.stop(5)


@pytest.fixture
def store(tmp_path):
    opened = SqliteUserStates(tmp_path / "users.sqlite")
    opened.publish(Publication(popular_item_id=("apple", "bread")))
    yield opened
    opened.close()


@pytest.fixture
def users_of(two_versions, open_client, for_users, store, tmp_path):
    """Opens a client of users under some experiments."""

    def connect(*experiments, address=two_versions):
        path = tmp_path / "experiments.json"
        path.write_text(to_json(Plan(experiments)))
        settings = UserClientSettings(experiments=PlanFile(path))
        return for_users(open_client(address, label="stable"), store, settings)

    return connect


def trial(label, **treatment):
    arms = (Arm("old", label="stable"), Arm("new", label=label, **treatment))
    return Experiment("trial", "lists", (0.0, 1.0), arms)


def test_each_arm_is_answered_by_its_version(users_of):
    tried = trial("canary", k=1, parameters={"columns": 5})
    users = users_of(tried)
    answers = {user: users.recommend(user, 3) for user in USERS}
    for user, answer in answers.items():
        new = arm_of(tried, user).name == "new"
        assert answer.model_version == (3 if new else 1)
        assert answer.arm == ("trial=new" if new else "trial=old")
        assert len(answer.items) == (1 if new else 3)
        assert answer.parameters == ({"columns": 5} if new else {})
        assert answer.reason == ""
    assert {answer.arm for answer in answers.values()} == {"trial=old", "trial=new"}


def test_who_is_in_no_experiment_gets_what_everybody_gets(users_of):
    answer = users_of().recommend("ann", 2)
    assert (answer.arm, answer.model_version) == ("", 1)


def test_a_version_that_fails_takes_no_list_from_its_users(users_of):
    tried = trial("gone")
    users = users_of(tried)
    new = next(user for user in USERS if arm_of(tried, user).name == "new")
    answer = users.recommend(new, 2)
    assert (answer.source, answer.model_version, answer.arm) == ("model", 1, "trial=new")
    assert "Unrecognized servable version label: 'gone'" in answer.reason


def test_a_wrong_request_is_refused_in_every_arm(users_of):
    users = users_of(trial("canary"))
    for user in USERS[:4]:
        with pytest.raises(ServingError, match="age must not be negative"):
            users.recommend(user, 2, context={"age": -1})


def test_without_a_server_the_list_still_tells_its_arm(users_of):
    users = users_of(trial("canary"), address="127.0.0.1:1")
    answer = users.recommend("ann", 1)
    assert answer.source == "fallback"
    assert answer.arm in ("trial=old", "trial=new")


def test_an_interleaved_list_tells_whose_each_item_is(users_of):
    arms = (Arm("old", label="stable"), Arm("new", label="canary"))
    users = users_of(Experiment("duel", "lists", (0.0, 1.0), arms, interleaved=True))
    answers = [users.recommend(user, 4) for user in USERS]
    for answer in answers:
        assert set(answer.teams) == {item.item_id for item in answer.items}
        assert sorted(answer.teams.values()) == ["duel=new"] * 2 + ["duel=old"] * 2
        by_version = {item.item_id: item.retrieval_score for item in answer.items}
        for item, team in answer.teams.items():
            assert by_version[item] == (3.0 if team == "duel=new" else 1.0)
        assert answer.arm == ""
    assert len({tuple(answer.teams.items()) for answer in answers}) > 1


def test_a_duel_without_an_opponent_credits_nobody(users_of):
    arms = (Arm("old", label="stable"), Arm("new", label="gone"))
    users = users_of(Experiment("duel", "lists", (0.0, 1.0), arms, interleaved=True))
    answer = users.recommend("ann", 2)
    assert (answer.teams, answer.model_version) == ({}, 1)
    assert "label: 'gone'" in answer.reason
