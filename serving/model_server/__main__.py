"""`python -m serving.model_server`: the flags are named as `tensorflow_model_server` names them."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from serving.model_server.options import Options
from serving.model_server.serve import serve


def parser() -> argparse.ArgumentParser:
    """The command line; only `--host` and `--max_in_flight_calls` are our own."""
    flags = argparse.ArgumentParser(
        prog="python -m serving.model_server",
        description="Serve SavedModels with TensorFlow Serving's API; picks up new versions.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,  # the defaults are those of Options
    )
    _model_flags(flags)
    _grpc_flags(flags)
    _rest_flags(flags)
    _batching_flags(flags)
    return flags


def _model_flags(flags: argparse.ArgumentParser) -> None:
    add = flags.add_argument
    add(
        "--model_base_path",
        type=Path,
        help="directory with one numbered directory for each version",
    )
    add("--model_name", help="name callers ask for (recommender)")
    add(
        "--model_config_file",
        type=Path,
        help="ModelServerConfig in text format, in place of --model_base_path and --model_name",
    )
    add(
        "--model_config_file_poll_wait_seconds",
        type=float,
        help="seconds between two looks at that file; 0 reads it once (0)",
    )
    add(
        "--allow_version_labels_for_unavailable_models",
        **_SWITCH,
        help="a label that is not in use may name a version that is not loaded (false)",
    )
    add(
        "--file_system_poll_wait_seconds",
        type=float,
        help="seconds between two looks for a new version; 0 looks once (1)",
    )


def _grpc_flags(flags: argparse.ArgumentParser) -> None:
    add = flags.add_argument
    add("--port", type=int, help="gRPC port; 0 takes a free one and prints it (8500)")
    add("--host", help="address to listen on (127.0.0.1)")
    add(
        "--grpc_max_threads",
        type=int,
        help="calls answered at the same time (16 for each CPU)",
    )
    add(
        "--grpc_channel_arguments",
        help="arguments of the gRPC library: key=value, separated by commas",
    )
    add("--enable_grpc_healthcheck_service", **_SWITCH, help="offer gRPC's health service (true)")
    add("--ssl_config_file", type=Path, help="SSLConfig in text format: TLS on the gRPC port")
    add(
        "--enable_serialization_as_tensor_content",
        **_SWITCH,
        help="send numbers as one block of bytes (false)",
    )
    add(
        "--max_in_flight_calls",
        type=int,
        help="calls answered or waiting, more are refused (eight for each thread)",
    )


def _rest_flags(flags: argparse.ArgumentParser) -> None:
    add = flags.add_argument
    add("--rest_api_port", type=int, help="port of the REST API; 0 serves none (0)")
    add(
        "--rest_api_timeout_in_ms",
        type=int,
        help="longest time for one answer over REST (30000)",
    )
    add(
        "--rest_api_num_threads",
        type=int,
        help="REST calls answered at the same time (16 for each CPU)",
    )
    add(
        "--monitoring_config_file",
        type=Path,
        help="MonitoringConfig in text format: Prometheus metrics on the REST port",
    )


def _batching_flags(flags: argparse.ArgumentParser) -> None:
    add = flags.add_argument
    add("--enable_batching", **_SWITCH, help="join concurrent requests (false)")
    add(
        "--batching_parameters_file",
        type=Path,
        help="BatchingParameters in text format",
    )


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"must be true or false, received {text!r}")
    return text.lower() == "true"


# `--flag` or `--flag=true`, as TensorFlow's own flags.
_SWITCH: dict[str, Any] = {"nargs": "?", "const": True, "type": _boolean}


def main(arguments: list[str] | None = None) -> int:
    """Parse the flags and serve; returns the exit code."""
    flags = parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    return serve(Options(**vars(flags)))


if __name__ == "__main__":
    sys.exit(main())
