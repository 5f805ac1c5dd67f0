"""The first container: the run's data window, and an image that holds another pipeline."""

import json
import os
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from tfx.orchestration.metadata import sqlite_metadata_connection_config

from pipeline.errors import RunError


@pytest.fixture
def settings(diamond):
    return diamond.settings


def windowed(settings, **window):
    from transform.settings import Window

    data = settings.data.model_copy(update={"window": Window.model_validate(window)})
    return settings.model_copy(update={"data": data})


@pytest.mark.parametrize(
    ("until", "last", "expected"),
    [
        ("", 0, ("7", "2024-01-31")),
        ("2024-02-29", 0, ("7", "2024-02-29")),
        ("", 3, ("3", "2024-01-31")),
        ("12", 3, ("3", "12")),
    ],
)
def test_a_run_may_choose_its_window(settings, until, last, expected):
    from pipeline.data_window import with_window

    window = with_window(windowed(settings, last=7, until="2024-01-31"), until, last).data.window
    assert (str(window.last), str(window.until)) == expected


@pytest.fixture
def log(settings, tmp_path):
    """Settings of a log with the last of February and the first of March 2024."""
    for day in ("2024-02-28", "2024-02-29", "2024-03-01"):
        file = tmp_path / "log" / f"dt={day}" / "events.csv"
        file.parent.mkdir(parents=True)
        file.touch()
        written = datetime.fromisoformat(f"{day}T23:59:00Z").timestamp()
        os.utime(file, (written, written))
    events = settings.data.events.model_copy(update={"path": str(tmp_path / "log")})
    data = settings.data.model_copy(update={"events": events})
    return settings.model_copy(update={"data": data})


def test_a_window_of_complete_days_leaves_today_out(log):
    from pipeline.data_window import last_complete, with_window

    window = with_window(log, "complete", 28).data.window
    assert (str(window.until), window.last) == ("2024-03-01", 28)
    night = datetime(2024, 3, 1, 3, tzinfo=UTC)
    assert str(last_complete(windowed(log, last=28).data, night)) == "2024-02-29"
    with pytest.raises(RunError, match=r"Received: .*/log at 2024-02-28 03:00 UTC, where none is"):
        last_complete(windowed(log, last=28).data, night - timedelta(days=2))


def test_without_a_window_anywhere_all_is_read(settings):
    from pipeline.data_window import with_window

    assert with_window(settings, "", 0).data.window is None


@pytest.mark.parametrize(("until", "last"), [("2024-02-29", 0), ("soon", 3), ("", -1)])
def test_a_window_that_is_none_is_refused(settings, until, last):
    from pipeline.data_window import with_window

    with pytest.raises(RunError, match=f"Received: until '{until}', last {last}"):
        with_window(settings, until, last)


def test_an_image_of_another_version_is_refused(settings):
    from pipeline.kubeflow.begin import settings_in

    submitted = settings.model_dump(mode="json", exclude={"kubeflow"})
    assert settings_in(json.dumps(submitted)).name == "diamond"
    submitted["split"]["new_key"] = 1
    with pytest.raises(RunError, match=r"the version that compiled .* refuses at `split\.new_key`"):
        settings_in(json.dumps(submitted))


def test_an_image_with_another_pipeline_is_refused(diamond, diamond_module):
    from pipeline.kubeflow.begin import check_graph
    from pipeline.kubeflow.stored import graph_of
    from pipeline.runners.local import compile_pipeline

    settings = diamond.settings.model_copy(update={"root": diamond.root})
    compiled = compile_pipeline(diamond_module.create_pipeline(settings), "one")
    graph = graph_of(compiled)
    check_graph(graph, compiled)
    with pytest.raises(RunError, match="nodes differ at Join"):
        check_graph({**graph, "Join": ("Left",)}, compiled)
    with pytest.raises(RunError, match="nodes differ at Extra"):
        check_graph({**graph, "Extra": ()}, compiled)


def test_tables_are_made_by_one_run_at_a_time(tmp_path):
    from pipeline.kubeflow.begin import make_tables
    from pipeline.runners.lock import in_turn

    database, lock = tmp_path / "metadata.sqlite", tmp_path / "kubeflow" / "metadata.lock"
    connection = sqlite_metadata_connection_config(str(database))
    second = threading.Thread(target=make_tables, args=(connection, lock))
    with in_turn(lock):
        second.start()
        second.join(1.0)
        assert second.is_alive()
        assert not database.exists()
    second.join(60.0)
    with closing(sqlite3.connect(database)) as made:
        assert made.execute("SELECT count(*) FROM Execution").fetchone() == (0,)
