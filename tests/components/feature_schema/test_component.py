"""The declaration of the node."""

import pytest
from tfx.types import channel, standard_artifacts

from components.feature_schema.component import FeatureSchema


def test_statistics_in_schema_out():
    statistics = channel.Channel(type=standard_artifacts.ExampleStatistics)
    node = FeatureSchema(statistics=statistics, features="[]", code="abc")
    assert node.outputs["schema"].type is standard_artifacts.Schema


def test_a_channel_of_another_type_is_refused():
    with pytest.raises(TypeError, match="statistics"):
        FeatureSchema(
            statistics=channel.Channel(type=standard_artifacts.Schema), features="[]", code="abc"
        )
