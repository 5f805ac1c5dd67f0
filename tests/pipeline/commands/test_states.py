"""`sluice import-states`: a run's states into a store, and what is refused."""

import json

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from typer.testing import CliRunner

from pipeline.cli import app
from serving.user_state.sqlite_store import SqliteUserStates
from serving.user_state.store import record_event
from transform.state import Event


def import_states(shop, *arguments):
    command = ["import-states", "--config", str(shop.config), *map(str, arguments)]
    return CliRunner().invoke(app, command, env={"SLUICE_REDIS": None})


@pytest.fixture
def trained(shop):
    shop.run("one", {"A": (mlmd.Execution.COMPLETE, "SluiceUserStates", shop.states(), "")})
    return shop


def test_the_states_of_the_run_are_there_and_later_ones_are_kept(trained, tmp_path):
    file = tmp_path / "states.sqlite"
    first = import_states(trained, "--sqlite", file, "--json")
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert (told["users"], told["written"], told["ahead"]) == (2, 2, 0)
    store = SqliteUserStates(file)
    record_event(store, "u1", Event("z", "view", 500))
    again = import_states(trained, "--sqlite", file)
    assert "kept, as they are ahead of the run  1" in " ".join(again.stdout.split("\n"))
    [record], _ = store.read(["u1"])
    assert [event.item_id for event in record.state.events] == ["a", "z"]
    store.close()


def test_without_a_name_it_is_the_store_of_the_stream(trained):
    assert import_states(trained).exit_code == 0
    [known], publication = SqliteUserStates(trained.root / "stream" / "users.sqlite").read(["u2"])
    assert [event.item_id for event in known.state.events] == ["a", "b", "c"]
    assert publication.popular_item_id[0] == "a"


def test_two_stores_are_refused(trained):
    result = import_states(trained, "--sqlite", "a", "--redis", "redis://localhost:1")
    assert result.exit_code == 2
    assert "give either --sqlite or --redis" in result.stderr


def test_a_named_file_goes_before_the_variable(trained, tmp_path):
    arguments = ["import-states", "--config", str(trained.config), "--sqlite", str(tmp_path / "s")]
    found = CliRunner().invoke(app, arguments, env={"SLUICE_REDIS": "redis://localhost:1"})
    assert found.exit_code == 0, found.output


def test_before_the_first_run_it_says_so(shop, tmp_path):
    result = import_states(shop, "--sqlite", tmp_path / "states.sqlite")
    assert result.exit_code == 1
    assert "histories come from a run" in result.stderr


def test_a_redis_that_is_gone_is_told_without_its_password(trained):
    result = import_states(trained, "--redis", "redis://:hush@127.0.0.1:1/0")
    assert result.exit_code == 1
    assert "127.0.0.1:1" in result.stderr
    assert "hush" not in result.output
