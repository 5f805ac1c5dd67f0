"""ItemRefresh's driver: what the items table says now becomes part of the cache key."""

from __future__ import annotations

import time

from tfx.dsl.components.base import base_driver as declared_driver
from tfx.orchestration import data_types_utils
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable import base_driver as portable_driver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.driver_output_pb2 import DriverOutput

from components.item_refresh.items import fingerprint, items_of_now

FINGERPRINT = "fingerprint"


class Driver(declared_driver.BaseDriver, portable_driver.BaseDriver):
    """Adds `fingerprint` to the execution properties, before the cache is asked.

    Rows may say since when they hold, so equal files may be other items an hour later; what the
    rows come to counts.

    The second base is the one that runs; the first is what a component may declare.
    """

    def __init__(self, metadata_handle: Metadata) -> None:
        """Connects both bases."""
        declared_driver.BaseDriver.__init__(self, metadata_handle)
        portable_driver.BaseDriver.__init__(self, metadata_handle)

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Fingerprints the items.

        Raises:
            DataError: The items table is missing, or breaks a rule of the data contract.
        """
        properties = dict(execution_info.exec_properties)
        items = items_of_now(properties["data"], properties["features"], int(time.time()))
        properties[FINGERPRINT] = fingerprint(items)
        result = DriverOutput()
        for name, value in properties.items():
            if value is not None:
                data_types_utils.set_metadata_value(result.exec_properties[name], value)
        return result
