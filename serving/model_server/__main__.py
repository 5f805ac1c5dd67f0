"""`python -m serving.model_server`: the flags are named as `tensorflow_model_server` names them."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from serving.model_server.serve import DEFAULT_PORT, serve


def parser() -> argparse.ArgumentParser:
    """The command line. Only `--host` is not a flag of `tensorflow_model_server`."""
    flags = argparse.ArgumentParser(
        prog="python -m serving.model_server",
        description="Serve a SavedModel with TensorFlow Serving's gRPC API; picks up new versions.",
        allow_abbrev=False,
    )
    flags.add_argument(
        "--model_base_path",
        type=Path,
        required=True,
        help="directory with one numbered directory for each version",
    )
    flags.add_argument(
        "--model_name", default="recommender", help="name callers ask for (%(default)s)"
    )
    flags.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help="port to listen on; 0 takes a free one and prints it (%(default)s)",
    )
    flags.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    flags.add_argument(
        "--file_system_poll_wait_seconds",
        type=float,
        default=1.0,
        help="seconds between two looks for a new version; 0 looks once (%(default)s)",
    )
    flags.add_argument(
        "--grpc_max_threads",
        type=int,
        help="calls answered at the same time (four for each CPU)",
    )
    return flags


def main(arguments: list[str] | None = None) -> int:
    """Parse the flags and serve; returns the exit code."""
    flags = parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    return serve(
        flags.model_base_path,
        flags.port,
        flags.model_name,
        host=flags.host,
        poll_seconds=flags.file_system_poll_wait_seconds,
        max_threads=flags.grpc_max_threads,
    )


if __name__ == "__main__":
    sys.exit(main())
