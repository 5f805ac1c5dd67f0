"""`sluice recommend`: who is asked for, and how the answer reads."""

import json

from typer.testing import CliRunner

from pipeline.cli import app


def recommend(shop, *arguments):
    return CliRunner().invoke(app, ["recommend", "--config", str(shop.config), *arguments])


def test_users_are_asked_for_with_their_history_as_of_the_end_of_the_log(trained, client):
    result = recommend(trained, "--user", "u2", "--user", "new", "--k", "1", "--address", "h:1")
    assert result.exit_code == 0, result.output
    [(address, queries, k)] = client
    assert (address, k) == ("h:1", 1)
    assert [(q.user_id, q.history_item_id, q.request_time) for q in queries] == [
        ("u2", ("a", "b", "c"), 102),
        ("new", (), 102),
    ]


def test_lists_carry_titles_beside_the_latest_events(trained, client):
    text = recommend(trained, "--user", "u2", "--user", "new").stdout
    known, newcomer = text.split("User new")
    assert "User u2 (3 events in the log)" in known
    rows = [line.split() for line in known.splitlines()]
    assert ["1", "Gamma", "0.750", "Gamma"] in rows  # c is its latest event, too
    assert ["2", "untitled", "0.500", "Beta"] in rows
    assert "unknown to the log: a cold start" in newcomer
    assert "latest events" not in newcomer


def test_json_has_ids_titles_and_scores(trained, client):
    told = json.loads(recommend(trained, "--user", "new", "--json").stdout)
    assert told["recommendations"] == [
        {
            "user_id": "new",
            "known": False,
            "items": [
                {"item_id": "c", "title": "Gamma", "score": 0.75},
                {"item_id": "untitled", "title": None, "score": 0.5},
            ],
        }
    ]


def test_before_the_first_run_it_says_so(shop, client):
    result = recommend(shop, "--user", "u1")
    assert result.exit_code == 1
    assert "histories come from a run" in result.stderr
    assert client == []
