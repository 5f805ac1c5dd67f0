"""The Report's work: gather the facts, write the page and its summary."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.artifacts import Report
from components.report import gather, page, summary
from serving.durable import replace_file


class Executor(base_executor.BaseExecutor):
    """Writes `report.html` and `report.json`, into the artifact and into the destination."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node."""
        facts = gather.gather(input_dict, exec_properties, self._run(), created=int(time.time()))
        files = {Report.HTML_FILE: page.render(facts), Report.JSON_FILE: summary.to_json(facts)}
        artifact = Path(artifact_utils.get_single_uri(output_dict["report"]))
        for folder in (artifact, Path(exec_properties["destination"])):
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                replace_file(folder / name, text.encode())

    def _run(self) -> gather.Run:
        """Which pipeline and run this is; unknown outside of a pipeline."""
        context = self._context
        if context is None:
            return gather.Run()
        info = context.pipeline_info
        return gather.Run(pipeline=info.id if info else None, run_id=context.pipeline_run_id)
