"""`sluice status`: of a run that ended, failed, was killed, or is under way."""

import json

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.data_window import with_window
from pipeline.loading import settings_hash
from pipeline.runners.lock import locked
from pipeline.searches import search_folder
from trainer.tuning.chosen import RECORD_FILE

E = mlmd.Execution


def status(shop, *arguments):
    return CliRunner().invoke(app, ["status", "--config", str(shop.config), *arguments])


def facts(shop):
    return json.loads(status(shop, "--json").stdout)


@pytest.fixture
def finished(shop):
    shop.run("one", {"A": (E.COMPLETE, None, None, ""), "B": (E.FAILED, None, None, "too bad")})
    shop.report()
    shop.version(3)
    shop.version(12)
    (shop.root / "serving" / "recommender" / "13").mkdir()  # half copied: no model in it yet
    return shop


def test_no_run_yet(shop):
    assert "no run yet" in status(shop).stdout
    assert facts(shop)["run_id"] is None


def test_nodes_verdict_version_and_time_range(finished):
    text = status(finished).stdout
    assert "run one (ended)" in text
    assert "B: too bad" in text
    told = dict(line.strip().split("  ", 1) for line in text.splitlines() if line[:2] == "  ")
    assert told["served version"].strip() == "12"
    assert told["verdict"].strip() == "So it is."
    assert told["training data"].strip() == "1970-01-01 00:00 to 1970-01-02 00:00"
    assert "settings have changed" not in text


def test_json_has_the_same(finished):
    told = facts(finished)
    assert [(node["node_id"], node["state"]) for node in told["nodes"]] == [
        ("A", "done"),
        ("B", "failed"),
    ]
    assert told["served_version"] == 12
    assert told["running"] is False
    assert told["verdict"]["blessed"] is True
    assert told["data"]["training"]["last_time"] == 86400


def test_changed_settings_are_noticed(finished):
    finished.config.write_text(finished.config.read_text() + "seed: 18\n")
    assert facts(finished)["settings_changed"] is True
    assert "settings have changed since the last report" in status(finished).stdout


def test_the_window_of_a_scheduled_run_is_no_change_of_the_settings(shop):
    text = shop.config.read_text().replace("data: {", "data: {window: {last: 7}, ")
    shop.config.write_text(text)
    shop.report()
    path = shop.root / "report" / "report.json"
    ran = settings_hash(with_window(shop.settings, "2026-03-01", 0))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"settings_hash": ran}))
    assert facts(shop)["settings_changed"] is False


def test_an_open_node_runs_only_while_someone_holds_the_root(shop):
    shop.run("one", {"A": (E.RUNNING, None, None, "")})
    with locked(shop.root):
        assert facts(shop)["nodes"][0]["state"] == "running"
        assert facts(shop)["running"] is True
    assert facts(shop)["nodes"][0]["state"] == "interrupted"  # its process was killed


def test_every_run_with_its_verdict_and_what_it_pushed(shop):
    shop.judged("one", blessed=True, pushed=3)
    shop.judged("two", blessed=False, reason="the Verdict did not bless it.\nAUC is 0.5.")
    shop.version(3)
    told = facts(shop)
    assert [(run["run_id"], run["blessed"], run["pushed_version"]) for run in told["runs"]] == [
        ("two", False, None),
        ("one", True, 3),
    ]
    assert told["versions"] == [{"version": 3, "labels": [], "copy_of": None, "run_id": "one"}]
    lines = [" ".join(line.split()) for line in status(shop).stdout.splitlines()]
    [withheld] = [line for line in lines if line.startswith("two 20")]
    assert withheld.endswith("done withheld - the Verdict did not bless it. AUC is 0.5.")
    assert any(line.startswith("one 20") and " blessed 3" in line for line in lines)


def test_a_version_that_no_run_here_pushed_is_listed_without_one(shop):
    shop.judged("one", blessed=True, pushed=3)
    shop.version(7)
    assert [(v["version"], v["run_id"]) for v in facts(shop)["versions"]] == [(7, None)]


def test_many_runs_are_cut_on_the_console_only(shop):
    for number in range(12):
        shop.run(f"run{number:02d}", {"A": (E.COMPLETE, None, None, "")})
    assert len(facts(shop)["runs"]) == 12
    text = status(shop).stdout
    assert "and 2 earlier ones" in text
    assert "run11" in text
    assert "run01" not in text


def searched(shop, best, *scores):
    """Leaves the record of a search for the retriever's layers, a score for each trial."""
    shop.config.write_text(
        f"{shop.config.read_text()}"
        "retriever: {tuning: {trials: 4, space: {layers: [1, 2, 3], dropout: [0.1, 0.2]}}}\n"
    )
    folder = search_folder(shop.settings, "retriever")
    folder.mkdir(parents=True)
    trials = [
        {"trial": i + 1, "values": {"layers": i + 1, "dropout": 0.1}, "score": score}
        for i, score in enumerate(scores)
    ]
    record = {"measure": "val_ndcg_at_10", "best": best, "trials": trials}
    (folder / RECORD_FILE).write_text(json.dumps(record))


def line_of(shop, name):
    """What the console says behind a name; None without such a line."""
    lines = [line.strip() for line in status(shop).stdout.splitlines()]
    return next((line.removeprefix(name).strip() for line in lines if line.startswith(name)), None)


def test_what_a_search_has_chosen(finished):
    assert facts(finished)["searches"] == {}
    assert line_of(finished, "retriever search") is None
    searched(finished, 2, 0.1, 0.25, None)
    assert facts(finished)["searches"]["retriever"] == {
        "trials": 3,
        "failed": 1,
        "measure": "val_ndcg_at_10",
        "best": 2,
        "values": {"layers": 2, "dropout": 0.1},
        "score": 0.25,
    }
    assert (
        line_of(finished, "retriever search")
        == "layers 2, dropout 0.1 (trial 2 of 3, 1 failed, val_ndcg_at_10 0.2500)"
    )


def test_a_search_whose_trials_failed_has_chosen_nothing(finished):
    searched(finished, None, None, None)
    assert facts(finished)["searches"]["retriever"]["values"] is None
    assert line_of(finished, "retriever search") == "nothing yet: 2 of 2 trials failed"


def test_the_record_of_a_search_that_is_no_longer_asked_for_is_not_shown(finished):
    kept = finished.config.read_text()
    searched(finished, 1, 0.1)
    assert "retriever" in facts(finished)["searches"]
    finished.config.write_text(kept)
    assert facts(finished)["searches"] == {}
