"""The top of the page: the verdict in one word, and the numbers asked for first."""

from components.report.sections.overview import cards, lineage, serving
from tests.components.report.facts_of_a_run import EMPTY, blessed, withheld
from tests.components.report.reading import parse, text_of


def test_a_model_that_fails_on_the_server_is_not_called_blessed():
    page = parse(blessed(infra_blessed=False))
    assert text_of(page.find(".//h1")) == "✕ WITHHELD"


def test_the_cards_answer_what_is_asked_first():
    assert [(card.name, card.value, card.note) for card in cards(blessed())] == [
        ("NDCG@10", "0.1043", "best baseline 0.1012"),
        ("Requests measured", "943", "held out from training"),
        ("Events used", "100,000", "of 100,060 rows read"),
        ("Pushed version", "3", "served since this run"),
    ]
    assert cards(withheld())[-1].value == "none"
    assert [card.name for card in cards(EMPTY)] == ["Pushed version"]


def test_a_version_on_trial_is_not_called_served():
    assert cards(blessed(pushed_labels=("canary",)))[-1].note == "on trial as canary"
    assert cards(blessed(pushed_labels=("canary", "stable")))[-1].note == "served since this run"


def test_serving_facts_carry_their_units_and_bounds():
    found = {card.name: (card.value, card.note) for card in serving(blessed())}
    assert found["First call"] == ("0.1412 s", "must be at most 10 s")
    assert found["Memory of the server"] == ("812.4 MB", "must be at most 4,096 MB")
    assert found["Latency of a single request: median"] == (
        "7.312 ms",
        "must be at most 1,000 ms",
    )
    assert "Unknown users get a full list" not in found  # an answer, not a measure


def test_the_lineage_names_inputs_settings_and_code():
    found = dict(lineage(blessed()))
    assert found["Settings"] == "5f0c" * 16
    assert found["Input data"] == "77e1" * 16
    assert found["Partitions read"] == "dt=1997-09-20 to dt=1998-04-22, 3 in all"
    assert found["Pushed version"] == "3"
    assert dict(lineage(EMPTY))["Run"] == "not recorded"
