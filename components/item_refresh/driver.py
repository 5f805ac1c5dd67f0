"""ItemRefresh's driver: what the items table says now becomes part of the cache key."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from components.input_fingerprint import FingerprintDriver
from components.item_refresh.items import fingerprint, items_of_now


class Driver(FingerprintDriver):
    """Fingerprints the items.

    Rows may say since when they hold, so equal files may be other items an hour later; what the
    rows come to counts.
    """

    def fingerprint_of(self, properties: Mapping[str, Any]) -> str:
        """Digest of the items.

        Raises:
            DataError: The items table is missing, or breaks a rule of the data contract.
        """
        return fingerprint(
            items_of_now(properties["data"], properties["features"], int(time.time()))
        )
