"""Rows a second of TFT's analysis and transform; nobody else publishes these."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.data.sizes import Sizes
from benchmarks.data.workshop import Side, Workshop, run_once
from benchmarks.results import Row


def tft_rates(shop: Workshop, sizes: Sizes) -> list[Row]:
    """TFT over the rows that Sluice's side has written of the log of the speed comparison."""
    log = shop.log(sizes.speed)
    run_once(shop, Side.SLUICE, log)
    cost = shop.run(Side.TFT, log, shop.examples(Side.SLUICE, log), str(sizes.spans))
    rows = _rows_out(shop.out(Side.SLUICE, log))
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
