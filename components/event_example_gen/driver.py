"""EventExampleGen's driver: the content of the input files becomes part of the cache key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.input_fingerprint import FingerprintDriver
from transform.reading.fingerprint import data_fingerprint
from transform.settings import DataSettings


class Driver(FingerprintDriver):
    """Fingerprints the files of all datasets.

    TFX's own file-based ExampleGen fingerprints size and modification time: it reads a file again
    that was only touched, and misses a change that keeps both. The content is what counts here.
    """

    def fingerprint_of(self, properties: Mapping[str, Any]) -> str:
        """Digest of the files.

        Raises:
            DataError: If a dataset has no file.
        """
        return data_fingerprint(DataSettings.model_validate_json(properties["data"]))
