"""The whole erasure: stream, states and log; artifacts; versions; logs and pages; and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pipeline.erasure import artifacts, versions
from pipeline.erasure.person import Person
from pipeline.erasure.traces import Scan, names, scan
from pipeline.event_stream import StreamPlace
from pipeline.runners.lock import locked
from pipeline.serving_folder import serving_folder
from pipeline.settings import Settings
from serving.durable import replace_file
from serving.stream.erasure import Erased, erase, write_audit
from transform.errors import DataError
from transform.features import USER_ID
from transform.reading.file_access import is_remote
from transform.reading.files import table_files
from transform.settings import Table

AUDIT_FILE = "erasures.jsonl"
_LINES = (".log", ".txt", ".jsonl")  # files of which a line may go
_PAGES = "report"  # a folder of what any run writes anew


@dataclass(frozen=True)
class Erasure:
    """What an erasure did.

    Attributes:
        stream: What left stream, states and log.
        artifacts: Folders of artifacts that were removed, or written without the person.
        files: Other files that were removed, or written without the person.
        versions: Published versions whose models were trained with the person, or may have been:
            on rows that an earlier erasure removed.
        proof: The search that came after it.
        out_of_reach: Artifacts in object storage, which nobody searched.
        input: Files of the input, outside the root, that still name the person.
        everywhere: Whether the id is so telling that it was looked for everywhere, not only in
            columns, features, requests and JSON objects of users.
    """

    stream: Erased
    artifacts: tuple[Path, ...]
    files: tuple[Path, ...]
    versions: tuple[int, ...]
    proof: Scan
    out_of_reach: tuple[str, ...]
    input: tuple[Path, ...]
    everywhere: bool

    @property
    def is_proven(self) -> bool:
        """Whether nothing names the person any more."""
        return not self.left

    @property
    def left(self) -> list[str]:
        """What still names the person, or may."""
        return [*map(str, self.proof.traces), *self.out_of_reach]


def erase_person(place: StreamPlace, log: Path | None, user_id: str) -> Erasure:
    """Removes a person from all that the pipeline has written, and looks for what is left.

    What the settings call the input and lies outside the root belongs to somebody else: it is only
    looked at.

    Args:
        place: Stream, states and root.
        log: The folder of the log, where it is not the one below the root.
        user_id: The person.

    Raises:
        ErasureError: New events of the person keep coming, or a consumer does not acknowledge what
            it has read.
        RunError: A run is under way, or ML Metadata lies on a server that does not let us in.
    """
    settings = place.settings
    root = settings.root
    person = Person(user_id, _columns(settings))
    root.mkdir(parents=True, exist_ok=True)
    with locked(root):
        store = artifacts.store_of(settings)
        with closing(place.log(log)) as files, closing(place.store()) as states:
            of_stream = erase(place.queue(), states, files, user_id)
        folders = [root, *([log] if log else [])]
        traces = scan(folders, person).traces
        below = [file for file in traces if file.is_relative_to(root / artifacts.ARTIFACTS)]
        trained = artifacts.trained_with(
            store, settings.name, {artifacts.artifact_of(file, root) for file in below}
        )
        served = serving_folder(settings)
        cleaned = versions.forget(served, traces, person)
        done = Erasure(
            stream=of_stream,
            artifacts=tuple(artifacts.remove(root, store, below, person)),
            files=(*cleaned, *_of_text(root, traces, person)),
            versions=tuple(versions.copies_of(served, trained)),
            proof=scan(folders, person),
            out_of_reach=tuple(artifacts.out_of_reach(store)),
            input=tuple(_in_input(settings, person, folders)),
            everywhere=person.is_telling,
        )
        write_audit(root / AUDIT_FILE, user_id, _counts(done))
    return done


def _columns(settings: Settings) -> frozenset[str]:
    tables = (settings.data.events, settings.data.users)
    return frozenset({USER_ID, *(one.columns.get(USER_ID, USER_ID) for one in tables if one)})


def _of_text(root: Path, traces: Sequence[Path], person: Person) -> list[Path]:
    """Drops lines of logs, and pages; returns the files."""
    folders = {file.parent for file in traces if root / _PAGES in file.parents}
    # A page shows what the JSON beside it tells, and in its text a short id is not found.
    beside = (file for folder in folders for file in folder.iterdir())
    pages = sorted(file for file in beside if file.is_file())
    for file in pages:
        file.unlink()
    cut = [
        file
        for file in traces
        if file.suffix in _LINES
        and file not in pages
        and root / artifacts.ARTIFACTS not in file.parents
    ]
    for file in cut:
        lines = file.read_bytes().splitlines(keepends=True)
        replace_file(file, b"".join(one for one in lines if not person.is_in(one)))
    return [*pages, *cut]


def _in_input(settings: Settings, person: Person, folders: Sequence[Path]) -> list[Path]:
    tables = {"events": settings.data.events, "users": settings.data.users}
    found = [Path(one) for name, table in tables.items() if table for one in _listed(table, name)]
    outside = [file for file in found if not any(file.is_relative_to(one) for one in folders)]
    return [file for file in outside if names(file, person)]


def _listed(table: Table, name: str) -> list[str]:
    """The local files of a table."""
    try:
        return [one.path for one in table_files(table, name) if not is_remote(one.path)]
    except DataError:
        return []  # a table that is not there names nobody


def _counts(done: Erasure) -> dict[str, object]:
    return {
        **vars(done.stream),
        "artifacts": len(done.artifacts),
        "files": len(done.files),
        "versions": list(done.versions),
        "searched": done.proof.files,
        "proven": done.is_proven,
    }
