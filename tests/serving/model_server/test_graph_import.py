"""The graph of a SavedModel, imported in pieces."""

from __future__ import annotations

import time

import pytest
import tensorflow as tf
from tensorflow.python.saved_model.loader_impl import SavedModelLoader

from serving.model_server import graph_import
from serving.model_server.graph_import import import_graph
from serving.model_server.servables import load_servable

SERVING = [tf.saved_model.SERVING]
CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def meta_graph_of(path):
    return SavedModelLoader(str(path)).get_meta_graph_def_from_tags(SERVING)


def whole(path):
    graph = tf.Graph()
    SavedModelLoader(str(path)).load_graph(graph, SERVING)
    return described(graph)


def in_pieces(meta_graph):
    graph = tf.Graph()
    import_graph(graph, meta_graph)
    return described(graph)


def described(graph):
    definition = graph.as_graph_def()
    nodes = {
        node.name: (node.op, [name.removesuffix(":0") for name in node.input])
        for node in definition.node
    }
    return nodes, {function.signature.name for function in definition.library.function}


@pytest.fixture
def imports(monkeypatch):
    """The names of the nodes of each import."""
    seen, really = [], tf.graph_util.import_graph_def

    def spy(definition, **options):
        seen.append([node.name for node in definition.node])
        return really(definition, **options)

    monkeypatch.setattr(graph_import.tf.graph_util, "import_graph_def", spy)
    return seen


def test_the_graph_is_the_same_as_when_it_is_imported_at_once(toy_models):
    nodes, functions = in_pieces(meta_graph_of(toy_models / "1"))
    expected_nodes, expected_functions = whole(toy_models / "1")
    assert nodes == expected_nodes
    assert functions == expected_functions


def test_each_signature_is_a_piece(toy_models, imports):
    meta_graph = meta_graph_of(toy_models / "1")
    import_graph(tf.Graph(), meta_graph)
    calls = [names for names in imports if names]
    assert all(len(names) == 1 for names in calls)
    outputs = {
        next(iter(signature.outputs.values())).name.split(":")[0]
        for name, signature in meta_graph.signature_def.items()
        if name != "__saved_model_init_op"
    }
    assert {names[0] for names in calls} == outputs


def test_what_other_nodes_use_is_imported_with_them(toy_models, imports):
    meta_graph = meta_graph_of(toy_models / "1")
    output = next(iter(meta_graph.signature_def["recommend"].outputs.values())).name
    call = output.split(":")[0]
    user, waiter = meta_graph.graph_def.node.add(), meta_graph.graph_def.node.add()
    user.name, user.op = "user", "Identity"
    user.input.append(output)
    user.attr["T"].type = next(iter(meta_graph.signature_def["recommend"].outputs.values())).dtype
    waiter.name, waiter.op = "waiter", "NoOp"
    waiter.input.append(f"^{call}")
    nodes, _ = in_pieces(meta_graph)
    assert nodes["user"] == ("Identity", [output.removesuffix(":0")])
    assert [call] not in imports


def test_a_call_that_waits_for_a_node_is_imported_with_it(toy_models, imports):
    meta_graph = meta_graph_of(toy_models / "1")
    call = next(iter(meta_graph.signature_def["recommend"].outputs.values())).name.split(":")[0]
    (node,) = [node for node in meta_graph.graph_def.node if node.name == call]
    first = meta_graph.graph_def.node.add()
    first.name, first.op = "first", "NoOp"
    node.input.append("^first")
    nodes, _ = in_pieces(meta_graph)
    assert nodes[call][1][-1] == "^first"
    assert [call] not in imports


def test_others_get_the_interpreter_most_of_the_time(toy_models, monkeypatch):
    pauses = []
    monkeypatch.setattr(graph_import.time, "sleep", pauses.append)
    meta_graph = meta_graph_of(toy_models / "1")
    began = time.monotonic()
    import_graph(tf.Graph(), meta_graph)
    busy = time.monotonic() - began
    assert sum(pauses) > 0.5 * busy


def test_where_no_calls_are_answered_there_are_no_pauses(toy_models, monkeypatch):
    pauses = []
    monkeypatch.setattr(graph_import.time, "sleep", pauses.append)
    load_servable(toy_models / "1", 1, are_calls_answered=lambda: False).close()
    assert sum(pauses) == 0.0
    load_servable(toy_models / "1", 1).close()
    assert sum(pauses) > 0.0
