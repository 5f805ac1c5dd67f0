"""The short form of the diversity benchmark on the shared run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.results import ROOT, SMOKE_RESULTS

pytestmark = pytest.mark.slow


def test_diversification_spreads_the_lists_of_a_trained_model(
    first_run: dict[str, Any], settings_file: Path
) -> None:
    command = [sys.executable, "-m", "benchmarks.diversity", "--smoke"]
    done = subprocess.run(
        [*command, "--config", str(settings_file)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((SMOKE_RESULTS / "diversity.json").read_text())
    rows = {row["measure"]: row for row in result["rows"]}
    spread = rows["intra-list diversity@10"]
    assert spread["value"] < spread["peers"]["diversity 0.5"]
    assert rows["lists at diversity 0 that equal the pushed model's"]["value"] == 1.0
    assert (SMOKE_RESULTS / "diversity.svg").read_text().startswith("<svg")
