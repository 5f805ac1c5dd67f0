"""A number of the report: what is not finite counts as not measured."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BeforeValidator


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


Number = Annotated[float | None, BeforeValidator(_finite)]
