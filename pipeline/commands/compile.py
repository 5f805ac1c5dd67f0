"""`sluice compile`: the pipeline as Kubeflow Pipelines runs it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import Config, errors_reported

if TYPE_CHECKING:
    from pipeline.kubeflow.settings import KubeflowSettings
    from pipeline.settings import Settings

EXAMPLES = (
    "sluice compile --config my.yaml --out pipeline.yaml",
    "sluice compile --config my.yaml --out pipeline.yaml --permissions permissions.yaml",
)

Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="File to write.")]

Permissions = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write what must be applied once, for `kubeflow.training`, too."
    ),
]


def compile_(config: Config, out: Out, permissions: Permissions = None) -> None:
    """Compile the pipeline for Kubeflow Pipelines.

    The file can be uploaded and run there as it is; its parameters `until` (a day, the number
    of a span, or `complete`: the last that nothing more is written to) and `last` (how many) choose
    the data window of a run. `sluice run --from-ir FILE` runs the same containers' commands here.

    Where `kubeflow.training` lets models be trained by several pods, the nodes that start them need
    the right to do so: apply the file of --permissions with `kubectl apply --filename FILE`.
    """
    with errors_reported():
        from pipeline.kubeflow.checks import check_paths, kubeflow_of
        from pipeline.loading import load_settings

        settings = load_settings(config)
        kubeflow = kubeflow_of(settings)
        check_paths(settings, kubeflow)  # before TFX is loaded
        if permissions:
            _write_permissions(kubeflow, permissions)
        text = _compiled(settings)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
        typer.echo(f"Compiled {settings.name}: {out}")


def _write_permissions(kubeflow: KubeflowSettings, path: Path) -> None:
    import yaml

    from pipeline.kubeflow.training.permissions import permissions
    from pipeline.refusals import SettingsError

    if kubeflow.training is None:
        raise SettingsError(
            "only nodes that start pods need permissions. Received: --permissions, and settings "
            "without `kubeflow.training`. Add `kubeflow: {training: {workers: N}}`, or leave the "
            "option out."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    documents = permissions(kubeflow.training)
    path.write_text(yaml.safe_dump_all(documents, sort_keys=False), encoding="utf-8")


def _compiled(settings: Settings) -> str:
    from pipeline.runners.output import output_to
    from pipeline.runners.stack import load_tfx

    # What libraries print while they load is no matter of this verb's reader.
    with tempfile.TemporaryDirectory() as folder, output_to(Path(folder) / "log"):
        load_tfx()
        from pipeline.dag import create_pipeline
        from pipeline.kubeflow.compiling import compile_for_kubeflow

        return compile_for_kubeflow(settings, create_pipeline)
