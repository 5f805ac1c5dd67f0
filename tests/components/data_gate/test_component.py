"""The declaration of the node."""

import pytest
from tfx.types import channel, standard_artifacts

from components.artifacts import Checks, DataAccount
from components.data_gate.component import DataGate

CHANNELS = {
    "statistics": standard_artifacts.ExampleStatistics,
    "schema": standard_artifacts.Schema,
    "anomalies": standard_artifacts.ExampleAnomalies,
    "examples": standard_artifacts.Examples,
    "account": DataAccount,
    "previous_statistics": standard_artifacts.ExampleStatistics,
}
TEXTS = ("rules", "data", "split", "example_settings", "features", "aggregates", "code")


def declare(**changed):
    channels = {name: channel.Channel(type=kind) for name, kind in CHANNELS.items()}
    return DataGate(**{**channels, **dict.fromkeys(TEXTS, "{}"), "seed": 1, **changed})


def test_the_checks_come_out():
    assert declare().outputs["checks"].type is Checks


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_of_another_type_is_refused(name):
    with pytest.raises(TypeError, match=name):
        declare(**{name: channel.Channel(type=Checks)})


def test_the_first_run_has_no_earlier_statistics():
    assert "previous_statistics" not in declare(previous_statistics=None).inputs
