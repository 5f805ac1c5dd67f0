"""One node: an outcome that TFX passes over in silence is an error."""

import pytest

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


def test_a_node_without_its_inputs_is_an_error(compiled):
    from pipeline.runners.node import NodeError, launch_node

    with pytest.raises(NodeError, match="Sink"):
        launch_node(compiled, "Sink")


def test_an_unknown_node_is_refused(compiled):
    from pipeline.runners.node import launch_node

    with pytest.raises(ValueError, match=r"Received: 'Sunk'\. Choose from \['Middle', 'Sink'"):
        launch_node(compiled, "Sunk")
