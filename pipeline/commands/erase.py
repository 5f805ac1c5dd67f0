"""`sluice erase`: a person leaves everything that the pipeline has written."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.shared import Config, Exit, Json, RedisUrl, errors_reported, print_json
from pipeline.commands.stream import Out, Partitions

if TYPE_CHECKING:
    from pipeline.erasure.erase import Erasure

EXAMPLES = (
    "sluice erase customer-17 --config my.yaml",
    "sluice erase customer-17 --config my.yaml --redis redis://cache:6379/0 --json",
)
_NAMED = 5  # files, on the console


def erase(
    user_id: Annotated[str, typer.Argument(metavar="USER", help="Id of the person.")],
    config: Config,
    redis: RedisUrl = None,
    partitions: Partitions = 8,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Remove a person from everything that the pipeline has written, and prove it.

    From stream, states and log; from the rows of all runs, which are removed and which the next run
    makes anew; from the published states; from the requests that warm servers up; from logs and
    reports. Then every file below the root is searched for the id, also inside gzip, TFRecord,
    Parquet and SQLite; where it is still found, the exit code is 1. So it is where artifacts lie in
    object storage (`kubeflow.pipeline_root`), which is not searched: remove them there yourself.

    The compactor must be stopped meanwhile, and no run may be under way. Your own tables are only
    looked at. A model that is served stays: its versions are named, and the next run trains without
    the person. Redis' own files forget when they are next rewritten, clients when their cached
    embeddings are too old. ROOT/erasures.jsonl gets a line without the id, with a salted hash.
    """
    with errors_reported(as_json):
        from pipeline.erasure.erase import erase_person
        from pipeline.event_stream import StreamPlace
        from pipeline.loading import load_settings

        logging.basicConfig(level=logging.WARNING)
        place = StreamPlace(load_settings(config), redis, partitions)
        done = erase_person(place, out, user_id)
        if as_json:
            print_json(_facts(done))
        else:
            _show(done)
    if not done.is_proven:
        raise typer.Exit(Exit.FAILURE)


def _facts(done: Erasure) -> dict[str, Any]:
    return {
        "proven": done.is_proven,
        "everywhere": done.everywhere,
        **vars(done.stream),
        "artifacts": [str(one) for one in done.artifacts],
        "files": [str(one) for one in done.files],
        "versions": list(done.versions),
        "searched": {"files": done.proof.files, "bytes": done.proof.size},
        "left": done.left,
        "input": [str(one) for one in done.input],
    }


def _show(done: Erasure) -> None:
    from pipeline.console import Console

    stream, console = done.stream, Console(sys.stdout)
    facts = {
        "stream, states and log": f"{stream.states} states, {stream.entries:,} entries, "
        f"{stream.dead_letters:,} dead letters, {stream.rows:,} rows",
        "artifacts of runs": f"{len(done.artifacts):,}, which the next run makes anew",
        "other files": f"{len(done.files):,}",
        "searched": f"{done.proof.files:,} files, {done.proof.size:,} bytes",
        "still named in": _list(done.proof.traces) or "nothing",
    }
    if done.out_of_reach:
        facts["not searched, in object storage"] = _list(done.out_of_reach)
    if done.versions:
        named = ", ".join(map(str, done.versions))
        facts["trained with this person"] = f"versions {named}; the next run trains without"
    if done.input:
        facts["in your own tables"] = f"{_list(done.input)}: the next run would read it there"
    if not done.everywhere:
        facts["not searched"] = (
            "for so short an id, which is anywhere by chance: all but the columns, features, "
            "requests and JSON objects of users"
        )
    console.facts(facts)


def _list(files: tuple[Path | str, ...]) -> str:
    more = f" and {len(files) - _NAMED:,} more" if len(files) > _NAMED else ""
    return ", ".join(map(str, files[:_NAMED])) + more
