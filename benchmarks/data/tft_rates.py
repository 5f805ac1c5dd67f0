"""Rows a second of TFT's analysis and transform; nobody else publishes these."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.data.sizes import Sizes
from benchmarks.data.workshop import Workshop, rows_of
from benchmarks.processes import run
from benchmarks.results import Row


def tft_rates(shop: Workshop, sizes: Sizes) -> list[Row]:
    """TFT over the rows that Sluice's side has written of the log of the speed comparison."""
    log = shop.log(sizes.speed)
    out, side = rows_of(shop, log), "tft"
    said = shop.said(side)
    arguments: list[str | Path] = [
        shop.settings,
        out / "examples",
        shop.out(side),
        str(sizes.spans),
        said,
    ]
    command: list[str | Path] = [sys.executable, "-m", "benchmarks.data.tft_side", *arguments]
    cost = run(command, shop.printed(side), said, shop.variables(log))
    rows = _rows_out(out)
    # As the pipeline has it: what training may know is analysed, all is transformed.
    analysed, every = rows["train"] + rows["catalogue"], sum(rows.values())
    seconds = {name: float(value) for name, value in cost.said.items()}
    return [
        Row(
            f"TFT analysis, {analysed:,} rows",
            analysed / seconds["analyse"],
            "rows/s",
            peers={
                f"{sizes.spans - 1} of {sizes.spans} spans in the analyser cache": analysed
                / seconds["analyse_cached"]
            },
        ),
        Row(f"TFT transform, {every:,} rows", every / seconds["transform"], "rows/s"),
        Row(
            "TFT analysis and transform",
            every / (seconds["analyse"] + seconds["transform"]),
            "rows/s",
            peers={"with the cache": every / (seconds["analyse_cached"] + seconds["transform"])},
        ),
    ]


def _rows_out(out: Path) -> dict[str, int]:
    account = json.loads((out / "account" / "account.json").read_text())
    return {split: int(rows) for split, rows in account["rows_out"].items()}
