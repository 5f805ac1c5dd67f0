"""EventExampleGen's driver: the content of the input files becomes part of the cache key."""

from __future__ import annotations

from tfx.dsl.components.base import base_driver as declared_driver
from tfx.orchestration import data_types_utils
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable import base_driver as portable_driver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.driver_output_pb2 import DriverOutput

from transform.reading.fingerprint import data_fingerprint
from transform.settings import DataSettings

FINGERPRINT = "fingerprint"


class Driver(declared_driver.BaseDriver, portable_driver.BaseDriver):
    """Adds `fingerprint` to the execution properties, before the cache is asked.

    TFX's own file-based ExampleGen fingerprints size and modification time: it reads a file again
    that was only touched, and misses a change that keeps both. The content is what counts here.

    The second base is the one that runs; the first is what a component may declare.
    """

    def __init__(self, metadata_handle: Metadata) -> None:
        """Connects both bases."""
        declared_driver.BaseDriver.__init__(self, metadata_handle)
        portable_driver.BaseDriver.__init__(self, metadata_handle)

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Fingerprints the files of all datasets.

        Raises:
            DataError: If a dataset has no file.
        """
        properties = dict(execution_info.exec_properties)
        data = DataSettings.model_validate_json(properties["data"])
        properties[FINGERPRINT] = data_fingerprint(data)
        result = DriverOutput()
        for name, value in properties.items():
            if value is not None:
                data_types_utils.set_metadata_value(result.exec_properties[name], value)
        return result
