"""The Baselines node's work."""

from __future__ import annotations

import functools
import json
import logging
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.artifacts import BaselineMetrics
from components.baselines.events import HeldOutData
from components.baselines.measure import measure
from transform.settings import SplitSettings

logger = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Writes `metrics.json`: baseline -> metric -> value."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node."""
        split = SplitSettings.model_validate_json(exec_properties["split"])
        data = HeldOutData(
            functools.partial(artifact_utils.get_split_uris, input_dict["examples"]),
            by_time=split.protocol == "time",
        )
        metrics = measure(data, exclude_seen=bool(exec_properties["exclude_seen"]))
        for name, values in metrics.items():
            logger.info("Baseline %s: %s", name, values)
        folder = Path(artifact_utils.get_single_uri(output_dict["metrics"]))
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(metrics, indent=2) + "\n"
        (folder / BaselineMetrics.METRICS_FILE).write_text(text)
