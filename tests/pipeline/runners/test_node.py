"""One node: an outcome that TFX passes over in silence is an error."""

import pytest

from pipeline.lineage import Lineage, NodeState

pytestmark = pytest.mark.slow


@pytest.fixture
def compiled(toy, toy_module):
    from pipeline.runners.local import compile_pipeline

    return compile_pipeline(toy_module.create_pipeline(toy.settings), "one")


def test_a_node_runs_by_itself(compiled):
    from pipeline.runners.node import launch_node

    result = launch_node(compiled, "Source")
    assert (result.node_id, result.state) == ("Source", "done")
    assert result.seconds > 0


def test_a_node_without_its_inputs_is_an_error(compiled, toy):
    from pipeline.runners.node import NodeError, launch_node

    with pytest.raises(NodeError, match="Sink"):
        launch_node(compiled, "Sink")
    [sink] = Lineage.open(toy.root, "toy").last_run().nodes
    assert (sink.node_id, sink.state) == ("Sink", NodeState.FAILED)
    assert "inputs could not be resolved" in sink.error


def test_a_node_that_was_not_even_started_is_one_that_failed(compiled, toy, monkeypatch):
    from pipeline.runners import node

    monkeypatch.setattr(node.launcher.Launcher, "launch", lambda _: None)
    with pytest.raises(node.NodeError, match="Source did not run, because an input of it"):
        node.launch_node(compiled, "Source")
    [source] = Lineage.open(toy.root, "toy").last_run().nodes
    assert (source.node_id, source.state) == ("Source", NodeState.FAILED)
    assert source.error.startswith("Source did not run")
    monkeypatch.undo()
    assert node.launch_node(compiled, "Source").state == "done"  # and may be tried again
    [source] = Lineage.open(toy.root, "toy").last_run().nodes
    assert source.state is NodeState.DONE


def test_an_error_of_the_data_is_told_as_it_is_and_leaves_nothing(toy):
    from pipeline.dag import create_data_pipeline
    from pipeline.runners.local import compile_pipeline
    from pipeline.runners.node import NodeError, launch_node

    toy.config.with_name("log.csv").write_text("user_id,item_id,event_time\nu,a,1\nu,b,2\n")
    compiled = compile_pipeline(create_data_pipeline(toy.settings), "one")
    with pytest.raises(NodeError, match=r"EventExampleGen failed: .* events share a second"):
        launch_node(compiled, "EventExampleGen")
    [failed] = Lineage.open(toy.root, "toy").last_run().nodes
    assert "too many events share a second" in failed.error
    assert not [path for path in (toy.root / "artifacts").rglob("*") if path.is_file()]


def test_an_unknown_node_is_refused(compiled):
    from pipeline.runners.node import launch_node

    with pytest.raises(ValueError, match=r"Received: 'Sunk'\. Choose from \['Middle', 'Sink'"):
        launch_node(compiled, "Sunk")
