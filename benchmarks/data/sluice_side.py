"""Sluice's side: the EventExampleGen node alone, as the pipeline declares and runs it.

`python -m benchmarks.data.sluice_side SETTINGS OUT SAID`, in a fresh process. The clock starts when
everything is imported; the fingerprint of the input, Beam's start and the account are inside it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from tfx.orchestration.portable.data_types import ExecutionInfo

from benchmarks.said import report
from components.event_example_gen.component import EventExampleGen
from components.event_example_gen.driver import Driver
from pipeline.dag import create_pipeline
from pipeline.loading import load_settings


def main() -> None:
    """Runs the node."""
    settings, out, said = map(Path, sys.argv[1:])
    story = create_pipeline(load_settings(settings))
    (node,) = (part for part in story.components if isinstance(part, EventExampleGen))
    outputs = {}
    for name, channel in node.outputs.items():
        artifact = channel.type()
        artifact.uri = str(out / name)
        outputs[name] = [artifact]
    began = time.perf_counter()
    executor = node.executor_spec.executor_class
    context = executor.Context(
        beam_pipeline_args=list(story.beam_pipeline_args),
        tmp_dir=str(out / "tmp"),
        unique_id="1",
    )
    executor(context).Do({}, outputs, _with_fingerprint(node.exec_properties))
    report(said, seconds=time.perf_counter() - began)


def _with_fingerprint(properties: dict[str, Any]) -> dict[str, Any]:
    """The execution properties as the node's driver completes them."""
    completed = Driver(None).run(ExecutionInfo(exec_properties=properties))
    added = {
        name: getattr(value, value.WhichOneof("value"))
        for name, value in completed.exec_properties.items()
    }
    return properties | added


if __name__ == "__main__":
    main()
