"""What a node reads beside its artifacts becomes part of its cache key."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from tfx.dsl.components.base import base_driver as declared_driver
from tfx.orchestration import data_types_utils
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable import base_driver as portable_driver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.driver_output_pb2 import DriverOutput

FINGERPRINT = "fingerprint"


class FingerprintDriver(declared_driver.BaseDriver, portable_driver.BaseDriver):
    """Adds `fingerprint` to the execution properties, before the cache is asked.

    The second base is the one that runs; the first is what a component may declare.
    """

    def __init__(self, metadata_handle: Metadata) -> None:
        """Connects both bases."""
        declared_driver.BaseDriver.__init__(self, metadata_handle)
        portable_driver.BaseDriver.__init__(self, metadata_handle)

    @abstractmethod
    def fingerprint_of(self, properties: Mapping[str, Any]) -> str:
        """Digest of what the node is about to read, by its execution properties."""

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Fingerprints what will be read; passes errors of `fingerprint_of` on."""
        properties = dict(execution_info.exec_properties)
        properties[FINGERPRINT] = self.fingerprint_of(properties)
        result = DriverOutput()
        for name, value in properties.items():
            if value is not None:
                data_types_utils.set_metadata_value(result.exec_properties[name], value)
        return result
