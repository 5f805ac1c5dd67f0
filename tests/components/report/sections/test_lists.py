"""The section of lists says what moved, without colour."""

from components.report.sections.lists import sentences, users
from tests.components.report.facts_of_a_run import EMPTY, blessed
from tests.components.report.lists_of_a_run import TITLES, sample
from tests.components.report.reading import parse, section, text_of


def test_how_lists_changed_in_sentences():
    first, second = sentences(blessed())
    # Each new list starts with what stood fourteenth for retriever and old model alike.
    assert first == (
        "Of the first 10 places, 10 % hold an item that the retriever alone would not have shown "
        "there, over 14 sampled requests."
    )
    assert second == (
        "Against the model blessed before, 90 % of the shown items stayed; 0 % of the lists kept "
        "their first item, and 0 % are the same, place by place."
    )


def test_a_first_run_has_nothing_to_compare_with():
    facts = blessed(lists=sample(compared=False))
    assert "no older lists" in sentences(facts)[1]
    assert {row.before for row in users(facts)[0].new} == {""}
    assert "Before" not in text_of(section(parse(facts), "lists").find(".//thead"))


def test_each_user_with_moves_and_sources():
    user = users(blessed())[0]
    first, second = user.new[:2]
    assert (first.title, first.retrieval, first.ranker) == (TITLES["m13"], "14.", "↑ 13")
    assert first.before == "14. ↑ 13"
    assert first.source == f"two-tower or co-view, after {TITLES['m58']}"
    assert (second.ranker, second.before, second.source) == ("↓ 1", "1. ↓ 1", "two-tower")
    assert (second.target, user.found) == (True, "in place 2")
    assert user.history == ", ".join(TITLES[m] for m in ("m57", "m58", "m59"))
    assert user.old[0].now == "2. ↓ 1"


def test_twelve_users_are_shown_and_the_first_one_is_open():
    page = section(parse(blessed()), "lists")
    shown = page.xpath(".//details[@class='user']")
    assert len(shown) == 12
    assert [user.get("open") is not None for user in shown] == [True, *[False] * 11]
    assert "★" in text_of(shown[0])


def test_without_a_model_nothing_was_measured():
    assert sentences(EMPTY) == []
    assert users(EMPTY) == []
