"""What an attempt that is over left behind makes room for the next; what was published stays."""

import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.errors import RunError
from pipeline.lineage import ERROR_PROPERTY
from pipeline.runners.executions import clear_attempt, close_node

STATE = mlmd.Execution


@pytest.fixture
def store():
    config = mlmd.ConnectionConfig()
    config.fake_database.SetInParent()
    return metadata_store.MetadataStore(config)


@pytest.fixture
def attempt(store, tmp_path):
    """Registers an execution of node `Left` in a run, with outputs: its number."""

    def register(run, state, error=""):
        kind = store.put_execution_type(mlmd.ExecutionType(name="Left"))
        execution = mlmd.Execution(type_id=kind, last_known_state=state)
        if error:
            execution.custom_properties[ERROR_PROPERTY].string_value = error
        [number] = store.put_executions([execution])
        contexts = [context(store, "pipeline_run", run), context(store, "node", "shop.Left")]
        store.put_attributions_and_associations(
            [], [mlmd.Association(execution_id=number, context_id=c) for c in contexts]
        )
        (tmp_path / "Left" / "made" / str(number)).mkdir(parents=True)
        return number

    return register


def context(store, kind, name):
    type_id = store.put_context_type(mlmd.ContextType(name=kind))
    known = store.get_context_by_type_and_name(kind, name)
    return known.id if known else store.put_contexts([mlmd.Context(type_id=type_id, name=name)])[0]


def left(tmp_path):
    return {int(folder.name) for folder in (tmp_path / "Left" / "made").iterdir()}


@pytest.mark.parametrize("state", [STATE.RUNNING, STATE.FAILED, STATE.CANCELED])
def test_an_attempt_that_did_not_end_well_is_cleared(store, attempt, tmp_path, state):
    number = attempt("one", state, error="it gave way")
    clear_attempt(store, "one", "shop.Left", tmp_path)
    [execution] = store.get_executions_by_id([number])
    assert execution.last_known_state == STATE.RUNNING
    assert ERROR_PROPERTY not in execution.custom_properties
    assert left(tmp_path) == set()


def test_an_error_that_would_come_again_is_raised_at_once(store, attempt, tmp_path):
    number = attempt("one", STATE.RUNNING)
    ended = {"error": "the loss must be finite", "canceled": False, "final": True}
    close_node(store, "one", "shop.Left", tmp_path, **ended)
    with pytest.raises(RunError, match="the loss must be finite"):
        clear_attempt(store, "one", "shop.Left", tmp_path)
    [execution] = store.get_executions_by_id([number])
    assert execution.last_known_state == STATE.FAILED
    attempt("another", STATE.RUNNING)
    clear_attempt(store, "another", "shop.Left", tmp_path)


@pytest.mark.parametrize("state", [STATE.COMPLETE, STATE.CACHED])
def test_what_was_published_is_left_alone(store, attempt, tmp_path, state):
    number = attempt("one", state)
    clear_attempt(store, "one", "shop.Left", tmp_path)
    [execution] = store.get_executions_by_id([number])
    assert execution.last_known_state == state
    assert left(tmp_path) == {number}


def test_another_run_is_left_alone(store, attempt, tmp_path):
    own, other = attempt("one", STATE.RUNNING), attempt("two", STATE.RUNNING)
    clear_attempt(store, "one", "shop.Left", tmp_path)
    assert own not in left(tmp_path)
    assert left(tmp_path) == {other}


def test_a_first_attempt_finds_nothing(store, tmp_path):
    clear_attempt(store, "one", "shop.Left", tmp_path)
    assert store.get_executions() == []
