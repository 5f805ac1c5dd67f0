"""Which models are blessed, as ML Metadata remembers it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_BLESSED = "blessed"
_MODEL_ID = "current_model_id"


def blessed(blessings: Iterable[Any]) -> dict[int, Any]:
    """Id of each blessed model -> its blessing."""
    return {
        blessing.get_int_custom_property(_MODEL_ID): blessing
        for blessing in blessings
        if blessing.get_int_custom_property(_BLESSED) == 1
    }
