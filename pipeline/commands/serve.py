"""`sluice serve`: a model server on the pushed model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.shared import errors_reported

if TYPE_CHECKING:
    from serving.model_server.options import Options

EXAMPLES = (
    "sluice serve --config my.yaml",
    "sluice serve --base-path runs/my-shop/serving/recommender --port 9000 --rest-port 9001",
)


def serve(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="Settings file.")
    ] = None,
    base_path: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the versions, in place of --config."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8500,
    host: Annotated[str, typer.Option(help="0.0.0.0 listens on every interface.")] = "127.0.0.1",
    rest_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the REST API; 0 serves none.")
    ] = 0,
    monitoring: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="MonitoringConfig: metrics on the REST port."),
    ] = None,
    batching: Annotated[
        Path | None, typer.Option(metavar="FILE", help="BatchingParameters: join requests.")
    ] = None,
    tls: Annotated[
        Path | None, typer.Option(metavar="FILE", help="SSLConfig: TLS on the gRPC port.")
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Even where there is tensorflow_model_server.")
    ] = False,
) -> None:
    """Serve the pushed model.

    The API is TensorFlow Serving's, over gRPC and REST. A version that is pushed later is picked
    up without a restart; one that is only `canary`, when it is promoted. Where
    tensorflow_model_server is on the PATH, it is what serves, unless a version is only `canary`; it
    then serves each later version at once.
    """
    with errors_reported():
        from serving.model_server.options import Options

        folder = _base_path(config, base_path)
        options = Options(
            model_base_path=folder,
            port=port,
            host=host,
            rest_api_port=rest_port,
            monitoring_config_file=monitoring,
            enable_batching=batching is not None,
            batching_parameters_file=batching,
            ssl_config_file=tls,
        )
        raise typer.Exit(_serve(options, folder, embedded))


def _base_path(config: Path | None, base_path: Path | None) -> Path:
    if base_path is not None and config is None:
        return base_path
    if base_path is not None or config is None:
        raise typer.BadParameter("give either --config or --base-path.")
    from pipeline.loading import load_settings
    from pipeline.serving_folder import serving_folder

    return serving_folder(load_settings(config))


def _serve(options: Options, folder: Path, embedded: bool) -> int:
    from pipeline.stable_policy import StablePolicy
    from serving.model_server import binary
    from serving.model_server.serve import serve as serve_model

    program = None if embedded else binary.find()
    if program is not None and _is_tried_out(folder):
        typer.echo(
            f"The newest version is only canary, and {program} would serve it to everybody: the "
            "embedded server serves stable. `sluice serving-config` renders what TensorFlow "
            "Serving needs to serve both.",
            err=True,
        )
        program = None
    if program is None:
        return serve_model(options, StablePolicy(folder=folder))
    options.check()
    typer.echo(f"Serving with {program}, which listens on every interface.", err=True)
    return os.execv(program, binary.command(program, options))  # noqa: S606 -- no shell is wanted


def _is_tried_out(folder: Path) -> bool:
    """Whether a version is `canary` and another one `stable`."""
    from components.pusher import labels

    return len(set(labels.read(folder).values())) > 1
