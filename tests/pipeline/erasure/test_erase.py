"""`sluice erase`: what a run, a push and the stream have left of a person is gone, and proven."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from typer.testing import CliRunner

from components.pusher import manifest
from components.pusher.manifest import MANIFEST_FILE, Manifest
from components.serving_validator.warm_up import write_warm_up
from components.warm_up_file import WARM_UP_FILE
from pipeline.cli import app
from pipeline.erasure.person import Person
from pipeline.erasure.traces import names
from pipeline.lineage import Lineage
from serving.durable import replace_file
from serving.query import Query
from serving.stream import erasure
from serving.stream.sqlite_queue import SqliteQueue
from tests.records import declared, record

WHO, OTHER = "customer-17", "customer-18"
DONE = mlmd.Execution.COMPLETE


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "_PAUSE_SECONDS", 0.0)


def framed(data: bytes) -> bytes:
    """A record of a TFRecord file; nobody here reads its checksums."""
    return len(data).to_bytes(8, "little") + bytes(4) + data + bytes(4)


@pytest.fixture
def root(shop: Any) -> Path:
    """A root with two runs, one of them on rows of the person, and what they published."""
    artifacts, versions = shop.root / "artifacts", shop.root / "serving" / "recommender"
    for number, users in (("1", [WHO, OTHER]), ("2", [OTHER])):
        rows = artifacts / "EventExampleGen" / "examples" / number
        rows.mkdir(parents=True)
        split = rows / "Split-train" / "data.gz"
        split.parent.mkdir()
        split.write_bytes(gzip.compress(b"".join(framed(record(user_id=one)) for one in users)))
        pushed = shop.folder / f"pushed-{number}"
        shop.run(
            number,
            {
                "EventExampleGen": (DONE, "Examples", rows, ""),
                "Pusher": (DONE, "PushedModel", pushed, ""),
            },
        )
        shop.mark(pushed, pushed_version=number)
        warm_up = versions / number / "assets.extra" / WARM_UP_FILE
        warm_up.parent.mkdir(parents=True)
        warm_up.write_bytes(b"".join(framed(record(user_id=one)) for one in users))
        files = manifest.digests(versions / number)
        (versions / number / MANIFEST_FILE).write_text(Manifest(int(number), files).text())
    states = shop.states(users={WHO: ["a"], OTHER: ["b"]})
    shop.run("3", {"EventExampleGen": (DONE, "SluiceUserStates", states, "")})
    shop.report()
    (shop.root / "report" / "report.html").write_text(f"<p>{WHO}</p>")
    (shop.root / "logs").mkdir()
    (shop.root / "logs" / "one.log").write_text(f"begin\n{WHO} failed\nend\n")
    (shop.root / "stream").mkdir()
    queue = SqliteQueue(shop.root / "stream" / "events.sqlite")
    queue.append([(WHO, json.dumps({"user_id": WHO}).encode()), (OTHER, b"{}")])
    return shop.root


def erased(shop: Any, user: str = WHO) -> tuple[int, dict[str, Any]]:
    command = ["erase", user, "--config", str(shop.config), "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code in (0, 1), done.output
    return done.exit_code, json.loads(done.stdout)


def test_nothing_names_the_person_any_more(shop: Any, root: Path) -> None:
    code, said = erased(shop)
    assert code == 0
    assert (said["proven"], said["everywhere"], said["left"]) == (True, True, [])
    assert said["searched"]["files"] > 10
    assert said["entries"] == 1
    for file in root.rglob("*"):
        if file.is_file() and file.suffix == ".gz":
            assert WHO.encode() not in gzip.decompress(file.read_bytes())
        elif file.is_file():
            assert WHO.encode() not in file.read_bytes(), file


def test_rows_are_removed_and_in_no_cache(shop: Any, root: Path) -> None:
    rows = root / "artifacts" / "EventExampleGen" / "examples"
    erased(shop)
    assert not (rows / "1").exists()
    assert (rows / "2" / "Split-train" / "data.gz").exists()  # of a run without the person
    state = {one.uri: one.state for one in shop.store.get_artifacts()}
    assert state[str(rows / "1")] == mlmd.Artifact.DELETED
    assert state[str(rows / "2")] == mlmd.Artifact.LIVE


def test_the_others_go_on_being_served(shop: Any, root: Path) -> None:
    erased(shop)
    lineage = Lineage.open(root, "shop")
    assert lineage is not None
    states = lineage.latest_artifact("SluiceUserStates")
    assert states is not None
    assert pl.read_parquet(states / "users.parquet")["user_id"].to_list() == [OTHER]
    versions = root / "serving" / "recommender"
    assert (versions / "1" / "assets.extra" / WARM_UP_FILE).read_bytes() == framed(
        record(user_id=OTHER)
    )
    assert manifest.is_intact(versions / "1")
    assert manifest.is_intact(versions / "2")
    assert (root / "logs" / "one.log").read_text() == "begin\nend\n"
    assert not (root / "report" / "report.html").exists()


def test_models_that_were_trained_with_the_person_are_named(shop: Any, root: Path) -> None:
    _, said = erased(shop)
    assert said["versions"] == [1]
    (line,) = (root / "erasures.jsonl").read_text().splitlines()
    audit = json.loads(line)
    assert (audit["versions"], audit["proven"], audit["entries"]) == ([1], True, 1)


@pytest.mark.usefixtures("root")
def test_models_trained_on_rows_that_are_gone_may_have_been_trained_with_anybody(shop: Any) -> None:
    assert erased(shop)[1]["versions"] == [1]
    assert erased(shop, OTHER)[1]["versions"] == [1, 2]


class Killed(BaseException):
    """Ends an erasure where it is, as SIGKILL does."""


def killed_in_its_rows(patch: pytest.MonkeyPatch) -> None:
    """Half of the artifact is gone, and what is left names nobody."""

    def half(folder: Path) -> None:
        for file in folder.rglob("*.gz"):
            file.unlink()
        raise Killed

    patch.setattr("pipeline.erasure.artifacts.shutil.rmtree", half)


def killed_between_warm_up_and_manifest(patch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []

    def once(target: Path, data: bytes) -> None:
        if written:
            raise Killed
        written.append(target)
        replace_file(target, data)

    patch.setattr("pipeline.erasure.versions.replace_file", once)


@pytest.mark.parametrize("kill", [killed_in_its_rows, killed_between_warm_up_and_manifest])
def test_one_that_was_killed_is_completed_by_the_next(
    kill: Callable[[pytest.MonkeyPatch], None], shop: Any, root: Path
) -> None:
    command = ["erase", WHO, "--config", str(shop.config)]
    with pytest.MonkeyPatch.context() as patch:
        kill(patch)
        with pytest.raises(Killed):
            CliRunner().invoke(app, command, catch_exceptions=False)
    code, said = erased(shop)
    assert (code, said["versions"]) == (0, [1])
    rows = str(root / "artifacts" / "EventExampleGen" / "examples" / "1")
    [state] = (one.state for one in shop.store.get_artifacts() if one.uri == rows)
    assert state == mlmd.Artifact.DELETED
    version = root / "serving" / "recommender" / "1"
    assert manifest.is_intact(version)
    assert WHO.encode() not in (version / "assets.extra" / WARM_UP_FILE).read_bytes()


def test_a_model_that_went_on_from_one_of_those_is_named(shop: Any, root: Path) -> None:
    model, pushed = shop.folder / "model", shop.folder / "pushed-4"
    shop.run("1", {"Retriever": (DONE, "Model", model, "")})
    shop.run(
        "4", {"Retriever": (DONE, None, None, ""), "Pusher": (DONE, "PushedModel", pushed, "")}
    )
    shop.mark(pushed, pushed_version="4")
    (base,) = (one for one in shop.store.get_artifacts() if one.uri == str(model))
    training = max(one.id for one in shop.store.get_executions_by_type("Retriever"))
    read = mlmd.Event(execution_id=training, artifact_id=base.id, type=mlmd.Event.INPUT)
    shop.store.put_events([read])
    folder = root / "serving" / "recommender" / "4"
    folder.mkdir()
    (folder / MANIFEST_FILE).write_text(Manifest(4, {}).text())
    assert erased(shop)[1]["versions"] == [1, 4]


@pytest.mark.usefixtures("root")
def test_what_your_own_tables_still_hold_is_said(shop: Any) -> None:
    log = shop.folder / "log.csv"
    log.write_text(f"user_id,item_id,event_time\n{WHO},a,1\n")
    code, said = erased(shop)
    assert code == 0
    assert said["input"] == [str(log)]
    assert WHO in log.read_text()  # it is not ours


def test_a_leftover_makes_the_proof_fail(shop: Any, root: Path) -> None:
    planted = root / "serving" / "recommender" / "2" / "variables"
    planted.write_bytes(b"\0weights\0" + WHO.encode() + b"\0")
    code, said = erased(shop)
    assert code == 1
    assert said["left"] == [str(planted)]
    assert not said["proven"]
    assert not json.loads((root / "erasures.jsonl").read_text())["proven"]
    shown = CliRunner().invoke(app, ["erase", WHO, "--config", str(shop.config)])
    assert shown.exit_code == 1
    assert "still named in" in shown.stdout


@pytest.mark.usefixtures("root")
def test_artifacts_in_object_storage_are_not_searched_and_so_nothing_is_proven(shop: Any) -> None:
    rows = "s3://shop/runs/EventExampleGen/examples/7"
    shop.run("2", {"EventExampleGen": (DONE, "Examples", rows, "")})
    code, said = erased(shop)
    assert (code, said["proven"], said["left"]) == (1, False, [rows])
    assert said["versions"] == [1, 2]
    shown = CliRunner().invoke(app, ["erase", WHO, "--config", str(shop.config)])
    assert rows in shown.stdout


def test_a_short_id_leaves_warm_ups_and_pages(shop: Any) -> None:
    version = shop.version(3)
    warm_up = version / "assets.extra" / WARM_UP_FILE
    warm_up.parent.mkdir()
    query = {"user_id": str, "history_item_id": str, "history_event_type": str}
    signature = declared(**query, history_time=int, request_time=int)
    lists = {
        "recommend": signature | declared(exclude_item_id=str, top_k=int),
        "rank": signature | declared(candidate_item_id=str),
    }
    write_warm_up(warm_up, [Query("18", 9), Query("17", 9)], lists)
    (version / MANIFEST_FILE).write_text(Manifest(3, manifest.digests(version)).text())
    pages = shop.root / "report"
    pages.mkdir()
    (pages / "report.json").write_text(json.dumps({"requests": [{"user_id": "17"}]}))
    (pages / "report.html").write_text("<summary>17</summary>")
    code, said = erased(shop, "17")
    assert (code, said["files"]) == (
        0,
        [str(warm_up), *(str(pages / f"report.{one}") for one in ("html", "json"))],
    )
    assert list(pages.iterdir()) == []
    assert not names(warm_up, Person("17"))
    assert names(warm_up, Person("18"))
    assert manifest.is_intact(version)


def test_an_id_as_short_as_a_number_is_not_searched_everywhere(shop: Any) -> None:
    done = CliRunner().invoke(app, ["erase", "17", "--config", str(shop.config), "--json"])
    assert done.exit_code == 0, done.output
    assert not json.loads(done.stdout)["everywhere"]
