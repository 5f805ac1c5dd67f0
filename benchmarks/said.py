"""What a side leaves for the benchmark that started it; the standard library alone."""

from __future__ import annotations

import json
from pathlib import Path


def report(path: Path, **facts: object) -> None:
    """Writes what a side found out about itself, as its last act."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts))
