"""`sluice serve`: the embedded model server on the pushed model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.shared import errors_reported

EXAMPLES = (
    "sluice serve --config my.yaml",
    "sluice serve --base-path runs/my-shop/serving/recommender --port 9000",
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
) -> None:
    """Serve the pushed model over gRPC.

    The API is TensorFlow Serving's. A version that is pushed later is picked up without a
    restart. In production, the stock TensorFlow Serving reads the same folder.
    """
    with errors_reported():
        if (config is None) == (base_path is None):
            raise typer.BadParameter("give either --config or --base-path.")
        if config is not None:
            from pipeline.loading import load_settings
            from pipeline.serving_folder import serving_folder

            base_path = serving_folder(load_settings(config))
        from serving.model_server.options import Options
        from serving.model_server.serve import serve as serve_model

        raise typer.Exit(serve_model(Options(model_base_path=base_path, port=port, host=host)))
