"""`sluice compile`: the pipeline as Kubeflow Pipelines runs it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, errors_reported

if TYPE_CHECKING:
    from pipeline.settings import Settings

EXAMPLES = ("sluice compile --config my.yaml --out pipeline.yaml",)

Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="File to write.")]


def compile_(config: Config, out: Out) -> None:
    """Compile the pipeline for Kubeflow Pipelines.

    The file can be uploaded and run there as it is; its parameters `until` and `last` choose the
    data window of a run. `sluice run --from-ir FILE` runs the same containers' commands here.
    """
    with errors_reported():
        from pipeline.kubeflow.checks import check_paths, kubeflow_of
        from pipeline.loading import load_settings

        settings = load_settings(config)
        check_paths(settings, kubeflow_of(settings))  # before TFX is loaded
        text = _compiled(settings)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
        typer.echo(f"Compiled {settings.name}: {out}")


def _compiled(settings: Settings) -> str:
    from pipeline.runners.output import output_to
    from pipeline.runners.stack import load_tfx

    # What libraries print while they load is no matter of this verb's reader.
    with tempfile.TemporaryDirectory() as folder, output_to(Path(folder) / "log"):
        load_tfx()
        from pipeline.dag import create_pipeline
        from pipeline.kubeflow.compiling import compile_for_kubeflow

        return compile_for_kubeflow(settings, create_pipeline)
