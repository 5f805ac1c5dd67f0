"""Every file of serving_config/ is rendered from the defaults and what its readers accept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)

from pipeline.deployment.models_config import NEWEST
from pipeline.deployment.rendering import render
from pipeline.deployment.settings import ServingSettings

FOLDER = Path(__file__).parents[2] / "serving_config"
FIELD = descriptor_pb2.FieldDescriptorProto


INT64, TEXT = ".google.protobuf.Int64Value", ".google.protobuf.StringValue"
# BatchingParameters, MonitoringConfig, SSLConfig: the public API wheel ships none of them.
MESSAGES = {
    "BatchingParameters": {
        "max_batch_size": INT64,
        "batch_timeout_micros": INT64,
        "max_enqueued_batches": INT64,
        "num_batch_threads": INT64,
        "thread_pool_name": TEXT,
        "allowed_batch_sizes": [FIELD.TYPE_INT64],
        "pad_variable_length_inputs": FIELD.TYPE_BOOL,
    },
    "PrometheusConfig": {"enable": FIELD.TYPE_BOOL, "path": FIELD.TYPE_STRING},
    "MonitoringConfig": {"prometheus_config": ".under_test.PrometheusConfig"},
    "SSLConfig": {
        "server_key": FIELD.TYPE_STRING,
        "server_cert": FIELD.TYPE_STRING,
        "custom_ca": FIELD.TYPE_STRING,
        "client_verify": FIELD.TYPE_BOOL,
    },
}


@pytest.fixture(scope="module")
def messages():
    """The classes of MESSAGES by name."""
    file = descriptor_pb2.FileDescriptorProto(
        name="serving_config_under_test.proto",
        package="under_test",
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for name, fields in MESSAGES.items():
        proto = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), start=1):
            added = proto.field.add(name=field, number=number, label=FIELD.LABEL_OPTIONAL)
            if isinstance(kind, str):
                added.type, added.type_name = FIELD.TYPE_MESSAGE, kind
            elif isinstance(kind, list):
                added.type, added.label = kind[0], FIELD.LABEL_REPEATED
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"under_test.{name}"))
        for name in MESSAGES
    }


def parse(name, message):
    return text_format.Parse((FOLDER / name).read_text(), message)


@pytest.fixture(scope="module")
def models():
    from tensorflow_serving.config import model_server_config_pb2

    return parse("models.config", model_server_config_pb2.ModelServerConfig())


@pytest.fixture(scope="module")
def service():
    return yaml.safe_load((FOLDER / "docker-compose.yaml").read_text())["services"]["recommender"]


@pytest.fixture(scope="module")
def flags(service):
    return dict(flag.removeprefix("--").split("=", 1) for flag in service["command"])


def test_the_model_is_served_under_the_name_of_the_contract_newest_first(models):
    (model,) = models.model_config_list.config
    assert (model.name, model.model_platform) == ("recommender", "tensorflow")
    assert model.model_version_policy.latest.num_versions == 1


def test_a_misspelt_field_would_be_noticed():
    from tensorflow_serving.config import model_server_config_pb2

    text = (FOLDER / "models.config").read_text().replace("base_path", "basepath")
    with pytest.raises(text_format.ParseError, match="basepath"):
        text_format.Parse(text, model_server_config_pb2.ModelServerConfig())


def test_batching_keeps_the_rules_of_the_scheduler(messages):
    batching = parse("batching.txtpb", messages["BatchingParameters"]())
    sizes = list(batching.allowed_batch_sizes)
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == batching.max_batch_size.value
    assert batching.num_batch_threads.value >= 1
    assert batching.pad_variable_length_inputs


def test_metrics_are_served_where_prometheus_is_told_to_look(messages):
    monitoring = parse("monitoring.txtpb", messages["MonitoringConfig"]())
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == "/monitoring/prometheus/metrics"


def test_compose_mounts_every_file_it_names_and_the_base_path_of_the_model(service, flags, models):
    mounts = {}
    for volume in service["volumes"]:
        source, target, mode = re.fullmatch(r"(\$\{.*\}|[^:]*):([^:]*):([^:]*)", volume).groups()
        assert mode == "ro"
        mounts[target] = source
    for flag in ("model_config_file", "monitoring_config_file"):
        assert (FOLDER / mounts[flags[flag]]).is_file()
    (model,) = models.model_config_list.config
    assert mounts[model.base_path].startswith("${SLUICE_BASE_PATH:?")


def test_compose_leaves_batching_off_while_an_input_is_a_scalar(flags):
    assert "enable_batching" not in flags


def test_compose_pins_the_image_and_gives_it_no_privileges(service):
    assert re.fullmatch(r"tensorflow/serving:\d+\.\d+\.\d+", service["image"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert not service["user"].startswith("0")
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_example_of_tls_asks_callers_for_certificates_and_holds_no_key(messages):
    tls = parse("tls.example.txtpb", messages["SSLConfig"]())
    assert tls.client_verify
    assert tls.server_key.startswith("PEM text of")
    assert not [path for path in files() if "-----BEGIN" in (FOLDER / path).read_text()]


def files():
    found = (path for path in FOLDER.rglob("*") if path.is_file())
    return {str(path.relative_to(FOLDER)) for path in found} - {"README.md"}


def test_the_files_are_what_the_defaults_give():
    rendered = render(ServingSettings(), NEWEST)
    assert files() == set(rendered)
    for name, text in rendered.items():
        # After a change: sluice serving-config --out serving_config
        assert (FOLDER / name).read_text() == text, name


def test_the_readme_explains_every_file():
    readme = (FOLDER / "README.md").read_text()
    assert {name for name in files() if f"`{name}`" not in readme} == set()
