"""`models.config`, read by the real proto, and the steps in which its labels move."""

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_serving.config import model_server_config_pb2

from pipeline.deployment.models_config import (
    NEWEST,
    ConfigError,
    Step,
    is_last,
    next_step,
    parse,
    render,
)


def model(text):
    config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    [only] = config.model_config_list.config
    return only


def test_by_default_the_newest_version_is_served_under_the_name_of_the_contract():
    only = model(render(NEWEST))
    assert (only.name, only.model_platform) == ("recommender", "tensorflow")
    assert only.base_path == "/models/recommender"
    assert only.model_version_policy.latest.num_versions == 1
    assert not only.version_labels


def test_labelled_versions_are_loaded_and_named():
    step = Step(frozenset({3, 4}), {"stable": 3, "canary": 4})
    only = model(render(step))
    assert list(only.model_version_policy.specific.versions) == [3, 4]
    assert dict(only.version_labels) == {"stable": 3, "canary": 4}
    assert parse(render(step)) == step
    assert parse(render(NEWEST)) == NEWEST


@pytest.mark.parametrize("text", ["model_config_list { config { nme: 'x' } }", "", "x"])
def test_another_file_in_its_place_is_refused(text):
    with pytest.raises(ConfigError, match="must be a ModelServerConfig of one model"):
        parse(text)


def test_a_promotion_takes_three_steps():
    before = Step(frozenset({1}), {"canary": 1, "stable": 1})
    wanted = {"canary": 2, "stable": 2}
    loaded = next_step(before, wanted)
    assert loaded == Step(frozenset({1, 2}), {"canary": 1, "stable": 1})
    named = next_step(loaded, wanted)
    assert named == Step(frozenset({1, 2}), wanted)
    alone = next_step(named, wanted)
    assert alone == Step(frozenset({2}), wanted)
    assert [is_last(step, wanted) for step in (loaded, named, alone)] == [False, False, True]


class StrictServer:
    """TensorFlow Serving's rules: a label needs a loaded version, and keeps it from going."""

    def __init__(self, step):
        self.loaded, self.labels = set(step.versions), dict(step.labels)

    def apply(self, step):
        assert set(step.labels.values()) <= self.loaded, "a label for a version that is not loaded"
        assert set(self.labels.values()) <= step.versions, "a version goes while it has a label"
        assert set(step.labels.values()) <= step.versions
        self.loaded, self.labels = set(step.versions), dict(step.labels)


CHANGES = st.lists(st.sampled_from(["push", "promote", "roll back", "render"]), max_size=30)


def _change(change, wanted, newest):
    if change == "promote":
        return {**wanted, "stable": wanted["canary"]}
    if change == "push":
        return {**wanted, "canary": newest + 1}
    return {"canary": newest + 1, "stable": newest + 1}


@given(CHANGES)
def test_whatever_happens_no_step_breaks_the_rules_of_the_server(changes):
    newest, wanted = 1, {"canary": 1, "stable": 1}
    step = next_step(NEWEST, wanted)
    server = StrictServer(step)
    for change in changes:
        if change == "render":
            step = next_step(step, wanted)
            server.apply(step)
            assert {"canary", "stable"} == set(server.labels)
        else:
            wanted = _change(change, wanted, newest)
            newest = max(newest, *wanted.values())
    for _ in range(3):
        step = next_step(step, wanted)
        server.apply(step)
    assert is_last(step, wanted)
    assert server.labels == wanted
    assert server.loaded == set(wanted.values())


def test_moving_at_once_breaks_the_rules():
    server = StrictServer(Step(frozenset({1}), {"stable": 1}))
    with pytest.raises(AssertionError, match="not loaded"):
        server.apply(Step(frozenset({1, 2}), {"stable": 2}))
    with pytest.raises(AssertionError, match="while it has a label"):
        server.apply(Step(frozenset({2}), {}))
