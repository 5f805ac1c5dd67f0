"""The `sluice` command on the toy pipeline, as a program of its own."""

import sys
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def _create_pipeline(settings):
    import toy_pipeline

    return toy_pipeline.create_pipeline(settings)


sys.modules["pipeline.dag"] = types.SimpleNamespace(create_pipeline=_create_pipeline)

from pipeline.cli import main  # noqa: E402 -- after the pipeline has been exchanged

main()
