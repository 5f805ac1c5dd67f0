"""Loading SavedModels into sessions."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from serving.model_server.errors import RequestError
from serving.model_server.servables import Servable, load_servable

ROOT = Path(__file__).parents[3]
LEAST_LEAK_MB = 5.0  # over 15 loads


@pytest.fixture
def protos(inputs):
    return {name: tf.make_tensor_proto(value) for name, value in inputs().items()}


def test_two_versions_answer_side_by_side(toy_models, protos):
    servables = [Servable(toy_models / str(version), version) for version in (1, 2)]
    scores = [s.run("recommend", protos)["retrieval_score"].max() for s in servables]
    assert scores == [1.0, 2.0]
    for servable in servables:
        servable.close()


def test_calls_that_come_together_first_compile_once(toy_models, protos):
    servable = Servable(toy_models / "1", 1)
    compiled, make = [], servable._session.make_callable

    def slowly(*arguments, **options):
        compiled.append(arguments)
        time.sleep(0.2)
        return make(*arguments, **options)

    servable._session.make_callable = slowly
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: servable.run("recommend", protos), range(4)))
    assert len(compiled) == 1
    assert [answer["item_id"].tolist() for answer in answers] == [
        answers[0]["item_id"].tolist()
    ] * 4
    servable.run("recommend", protos, ["score"])  # other outputs are compiled by themselves
    assert len(compiled) == 2
    servable.close()


def test_closing_one_version_leaves_the_other(toy_models, protos):
    old, new = (Servable(toy_models / "1", version) for version in (1, 2))
    old.close()
    assert new.run("recommend", protos, ["score"]).keys() == {"score"}
    with pytest.raises(RuntimeError, match="closed"):
        old.run("recommend", protos)
    new.close()


def test_closing_frees_the_graph_at_once(toy_models, protos):
    servable = Servable(toy_models / "1", 1)
    servable.run("recommend", protos)
    graph = weakref.ref(servable._session.graph)
    gc.disable()  # it would come to it some time
    try:
        servable.close()
    finally:
        gc.enable()
    assert graph() is None


def test_the_init_signature_is_not_offered(toy_models, protos):
    servable = Servable(toy_models / "1", 1)
    assert "__saved_model_init_op" in servable.signature_defs  # as TensorFlow Serving tells it
    with pytest.raises(RequestError, match="key '__saved_model_init_op' not found"):
        servable.run("__saved_model_init_op", {})
    servable.close()


def test_graphs_are_optimised_once(toy_models, monkeypatch):
    session, configs = tf.compat.v1.Session, []

    def noted(**options):
        configs.append(options["config"])
        return session(**options)

    monkeypatch.setattr(tf.compat.v1, "Session", noted)
    Servable(toy_models / "1", 1).close()
    [config] = configs
    assert config.graph_options.rewrite_options.meta_optimizer_iterations == RewriterConfig.ONE


def truncate(file):
    file.write_bytes(file.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        ("saved_model.pb", truncate),
        ("variables/*.index", truncate),
        ("variables/*.data-*", truncate),
        ("variables/*.data-*", Path.unlink),
        ("variables/*", Path.unlink),
    ],
)
def test_a_damaged_model_does_not_load(push, pattern, damage):
    path = push(1)
    for file in list(path.glob(pattern)):
        damage(file)
    with pytest.raises((OSError, RuntimeError, ValueError, tf.errors.OpError)):
        load_servable(path, 1)


def _growth_mb(model, end):
    """Growth of a process over 15 loads, after as many that fill caches, in units of 10^6 bytes."""
    command = [sys.executable, "-m", "tests.serving.model_server.loading_again", str(model), "30"]
    done = subprocess.run([*command, end], capture_output=True, text=True, cwd=ROOT, check=True)
    sizes = [int(line) / 1e6 for line in done.stdout.split()]
    return statistics.median(sizes[-5:]) - statistics.median(sizes[10:15])


@pytest.mark.slow
def test_loading_again_and_again_keeps_no_memory(toy_models):
    assert _growth_mb(toy_models / "1", "close") < LEAST_LEAK_MB


@pytest.mark.slow
def test_the_check_of_memory_notices_versions_that_are_kept(toy_models):
    """Control."""
    assert _growth_mb(toy_models / "1", "keep") > LEAST_LEAK_MB
