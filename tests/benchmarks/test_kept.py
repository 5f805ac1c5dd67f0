"""What benchmarks keep, and when it is made anew."""

import json
import subprocess
from dataclasses import asdict

import pytest

from benchmarks import kept
from benchmarks.kept import (
    beside_published,
    edition_folder,
    keep_rows,
    kept_rows,
    not_measured,
    rows_of_parts,
    simulated_log,
)
from benchmarks.results import Row, commit


def test_a_log_is_made_once(tmp_path):
    log = simulated_log(tmp_path / "log", events=500, seed=3, users=20)
    (log / "mark").touch()
    assert simulated_log(tmp_path / "log", events=500, seed=3, users=20) == log
    assert (log / "mark").exists()
    assert (log / "items.parquet").exists()


def test_a_log_that_failed_is_not_taken_for_one(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        simulated_log(tmp_path / "log", events=-1, seed=3)
    assert not (tmp_path / "log").exists()


def test_other_settings_or_another_code_make_everything_anew(tmp_path, monkeypatch):
    settings, source = tmp_path / "settings.yaml", tmp_path / "trainer" / "towers.py"
    source.parent.mkdir()
    monkeypatch.setattr(kept, "ROOT", tmp_path)

    def edition(text, code):
        settings.write_text(text)
        source.write_text(code)
        return edition_folder(tmp_path / "kept", "100", settings)

    first = edition("epochs: 1", "a = 1")
    assert edition("epochs: 1", "a = 1") == first
    second = edition("epochs: 2", "a = 1")
    assert not first.exists()
    assert edition("epochs: 2", "a = 2") not in (first, second)


def test_other_sizes_are_kept(tmp_path):
    settings = tmp_path / "settings.yaml"
    settings.touch()
    small, large = (edition_folder(tmp_path, size, settings) for size in ("100", "1000"))
    assert small.exists()
    assert large.exists()


def test_rows_are_kept_for_later_runs_with_their_commit(tmp_path):
    rows = [Row("a", 1.0, "s", "<= 2", True, {"other": 3.0}), Row("b", None, "")]
    assert kept_rows(tmp_path / "part" / "a.json") == ([], "")
    keep_rows(tmp_path / "part" / "a.json", rows)
    assert kept_rows(tmp_path / "part" / "a.json") == (rows, commit())


def test_the_rows_of_all_parts_stand_together_and_say_which_are_measured(tmp_path):
    files = {name: tmp_path / f"{name}.json" for name in ("one", "other", "empty", "missing")}
    one, other = Row("a", 1.0, "s"), Row("b", 2.0, "s")
    keep_rows(files["other"], [other])
    keep_rows(files["one"], [one])
    keep_rows(files["empty"], [])
    rows, commits = rows_of_parts(files)
    assert rows == [one, other]
    assert commits == {f"commit of {name}": commit() for name in ("one", "other", "empty")}
    assert not_measured(files, commits) == "missing"
    assert not_measured(["one"], commits) == "none"


def test_what_was_not_measured_stays_as_it_is_published(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "RESULTS", tmp_path)
    first = Row("other: b", 0.0, "")
    rows, facts = beside_published("quality", ["one", "other"], "other", [first])
    assert rows == [first]
    assert not_measured(["one", "other"], facts) == "one"
    old = [Row("one: a", 1.0, ""), Row("one-time: a", 2.0, ""), Row("other: a", 3.0, "")]
    versions = {"commit": "now", "commit of one": "early", "commit of other": "early", "size": "1"}
    content = {"rows": [asdict(row) for row in old], "versions": versions}
    (tmp_path / "quality.json").write_text(json.dumps(content))
    new = Row("one: b", 4.0, "s", "<= 5", True, {"peer": 6.0})
    rows, facts = beside_published("quality", ["one", "other", "missing"], "one", [new])
    assert rows == [new, old[2]]
    assert facts == {"commit of one": commit(), "commit of other": "early"}
    assert not_measured(["one", "other", "missing"], facts) == "missing"
