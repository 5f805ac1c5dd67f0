"""The node's interface: what it needs, what it may do without, what it refuses."""

import pytest
from tfx.types import channel, standard_artifacts

from components import artifacts
from components.report.component import Report

PROPERTIES = {
    "settings": "name: x\n",
    "settings_hash": "5f0c",
    "features": "[]",
    "seed": 17,
    "destination": "/x/report",
    "code": "9a77",
}


def test_every_input_is_optional():
    node = Report(**PROPERTIES)
    assert node.inputs == {}
    assert node.outputs["report"].type is artifacts.Report
    assert dict(node.exec_properties) == PROPERTIES


def test_inputs_are_typed():
    account = channel.Channel(type=artifacts.DataAccount)
    assert Report(**PROPERTIES, account=account).inputs["account"] is account
    with pytest.raises(TypeError, match="account"):
        Report(**PROPERTIES, account=channel.Channel(type=standard_artifacts.Model))


def test_settings_cannot_be_left_out():
    with pytest.raises(TypeError, match="settings_hash"):
        Report(**{k: v for k, v in PROPERTIES.items() if k != "settings_hash"})
