"""ModelServerConfig to models: policies, labels, and what is refused."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.model_server.errors import RequestError, StartError
from serving.model_server.model_config import ModelConfig, from_proto, read_model_config
from serving.model_server.version_policy import ALL, LATEST, latest, specific


def config(path, more="", name="shop", platform="tensorflow"):
    return f"config {{ name: '{name}' base_path: '{path}' model_platform: '{platform}' {more} }}"


def read(*models):
    text = f"model_config_list {{ {' '.join(models)} }}"
    return from_proto(text_format.Parse(text, model_server_config_pb2.ModelServerConfig()))


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("", LATEST),
        ("model_version_policy { latest {} }", LATEST),
        ("model_version_policy { latest { num_versions: 3 } }", latest(3)),
        ("model_version_policy { all {} }", ALL),
        ("model_version_policy { specific { versions: 4 versions: 2 } }", specific([2, 4])),
    ],
)
def test_every_version_policy_is_read(base_path, text, policy):
    labels = "version_labels { key: 'stable' value: 4 }"
    (model,) = read(config(base_path, f"{text} {labels}"))
    assert model == ModelConfig("shop", base_path, policy, {"stable": 4})


def test_a_file_is_read_and_several_models_are_kept_in_order(base_path, tmp_path):
    file = tmp_path / "models.config"
    models = f"{config(base_path)} {config(base_path, name='other')}"
    file.write_text(f"model_config_list {{ {models} }}")
    assert [model.name for model in read_model_config(file)] == ["shop", "other"]


@pytest.mark.parametrize("path", ["models/shop", "../shop", "/models/../etc", "", "~/shop"])
def test_a_base_path_that_is_relative_or_climbs_is_refused(path):
    with pytest.raises(RequestError, match=r"must be an absolute path without '\.\.', received"):
        read(config(path))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": ""}, "a model needs a name without '/' and ':'"),
        ({"name": "a/b"}, "received 'a/b'"),
        ({"name": "a:predict"}, "received 'a:predict'"),
        ({"platform": ""}, "model_platform of model 'shop' must be 'tensorflow', received ''"),
        ({"more": "model_version_policy { specific {} }"}, "must name at least one version"),
    ],
)
def test_what_breaks_a_rule_is_refused(base_path, change, text):
    with pytest.raises(RequestError, match=text):
        read(config(base_path, **change))


def test_a_base_path_that_is_not_there_and_a_repeated_name_are_refused(base_path):
    with pytest.raises(RequestError, match=r"must be a directory that holds .*'/no/such/path'"):
        read(config("/no/such/path"))
    with pytest.raises(RequestError, match=r"received \['shop'\] more than once"):
        read(config(base_path), config(base_path))


def test_a_file_that_is_not_text_is_refused(tmp_path):
    file = tmp_path / "models.config"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(StartError, match="it is not UTF-8 text"):
        read_model_config(file)


def test_requests_that_will_not_be_logged_are_told(base_path, caplog):
    read(config(base_path))
    assert caplog.text == ""
    read(config(base_path, "logging_config { sampling_config { sampling_rate: 0.1 } }"))
    assert "model 'shop': requests are not logged by this server" in caplog.text
