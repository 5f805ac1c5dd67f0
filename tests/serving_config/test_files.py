"""Every file of serving_config/ is what TensorFlow Serving would accept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from google.protobuf import text_format

from serving.model_server.__main__ import parser
from serving.model_server.batching_config import read_batching
from serving.model_server.monitoring_config import read_metrics_path
from serving.model_server.options import Options
from serving.model_server.text_protos import message

FOLDER = Path(__file__).parents[2] / "serving_config"


def parse(name, into):
    return text_format.Parse((FOLDER / name).read_text(), into)


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


def test_batching_keeps_the_rules_of_the_scheduler():
    batching = parse("batching.txtpb", message("BatchingParameters"))
    assert batching.max_batch_size.value >= 1
    assert not batching.allowed_batch_sizes  # no row is computed that nobody asked for
    assert batching.num_batch_threads.value >= 1
    assert batching.pad_variable_length_inputs


def test_metrics_are_served_where_prometheus_is_told_to_look():
    monitoring = parse("monitoring.txtpb", message("MonitoringConfig"))
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


def test_the_embedded_server_takes_the_same_flags(service, flags):
    options = Options(**vars(parser().parse_args(service["command"])))
    assert str(options.model_config_file) == flags["model_config_file"]
    assert options.enable_grpc_healthcheck_service


def test_the_embedded_server_reads_the_same_files():
    assert read_batching(FOLDER / "batching.txtpb").pad_variable_length_inputs
    assert read_metrics_path(FOLDER / "monitoring.txtpb") == "/monitoring/prometheus/metrics"


def test_compose_pins_the_image_and_gives_it_no_privileges(service):
    assert re.fullmatch(r"tensorflow/serving:\d+\.\d+\.\d+", service["image"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert not service["user"].startswith("0")
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_readme_explains_every_file():
    readme = (FOLDER / "README.md").read_text()
    files = {path.name for path in FOLDER.iterdir() if path.is_file()} - {"README.md"}
    assert {name for name in files if f"`{name}`" not in readme} == set()
