"""What the verbs share: their options, their exit codes, and how they report an error."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.errors import RunError, is_ours, short_message

Config = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="Settings file.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
RedisUrl = Annotated[
    str | None,
    typer.Option(
        "--redis",
        envvar="SLUICE_REDIS",
        metavar="URL",
        help="Redis server of stream and states, under the pipeline's name as prefix; without one "
        "SQLite files below the root folder.",
    ),
]


class Exit(IntEnum):
    """Exit codes of every verb."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    WITHHELD = 3
    INTERRUPTED = 130


@contextlib.contextmanager
def errors_reported(as_json: bool = False) -> Iterator[None]:
    """Ends the program with a message on standard error and the right exit code.

    Only errors that nobody foresaw keep their traceback.

    Args:
        as_json: Whether the message is printed as JSON, too.
    """
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Interrupted.", err=True)
        raise typer.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:
        raise typer.Exit(Exit.OK) from None  # the reader of our output has seen enough
    except Exception as error:
        if not (is_ours(error) or isinstance(error, OSError)):
            raise
        usage = type(error).__name__ == "SettingsError"
        code = Exit.USAGE if usage else Exit.FAILURE
        typer.secho(f"sluice: {short_message(error)}", err=True, fg=typer.colors.RED)
        if as_json:
            print_json({"error": short_message(error), "exit_code": int(code)})
        raise typer.Exit(code) from error


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def pairs(given: Sequence[str], option: str) -> Mapping[str, str]:
    """What a repeated option says: NAME=VALUE each time.

    Raises:
        RunError: There is no `=` in it, or nothing before it.
    """
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign):
            raise RunError(
                f"`{option}` takes a pair. Received: {text!r}. Write {option} NAME=VALUE."
            )
        found[name] = value
    return found
