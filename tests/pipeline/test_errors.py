"""What a person is told of an error."""

import pytest

from pipeline.errors import RunError, is_ours, short_message, where
from transform.errors import DataError

BEAM = """Error processing instruction 3. Original traceback is
Traceback (most recent call last):
  File "x.py", line 3, in process
    raise DataError("a rule")
{kind}: a rule. Received: 3.
Do this. [while running 'Read/Map']
"""


def test_our_errors_speak_for_themselves():
    assert short_message(DataError("a rule. Received: 3.")) == "a rule. Received: 3."


def test_other_errors_come_with_their_class():
    assert short_message(ValueError("x")) == "ValueError: x"
    assert short_message(KeyError("x")) == "KeyError: 'x'"
    assert short_message(MemoryError()) == "MemoryError"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("transform.errors.DataError", "a rule. Received: 3.\nDo this."),
        ("ValueError", "ValueError: a rule. Received: 3.\nDo this."),
    ],
)
def test_of_a_worker_of_beam_the_end_of_its_traceback_counts(kind, expected):
    assert short_message(RuntimeError(BEAM.format(kind=kind))) == expected


def wrapped(inner, outer):
    try:
        raise outer from inner
    except type(outer) as error:
        return error


def test_an_error_of_ours_speaks_for_those_around_it():
    assert short_message(wrapped(DataError("a rule."), RuntimeError("noise"))) == "a rule."


def test_what_we_raise_on_purpose_needs_no_cause():
    assert short_message(wrapped(KeyError("inner"), RunError("a rule."))) == "a rule."


def test_of_other_errors_the_first_cause_is_told_too():
    said = short_message(wrapped(KeyError("inner"), ValueError("outer")))
    assert said == "ValueError: outer\nCaused by KeyError: 'inner'"


def test_a_copy_with_words_added_leads_to_its_original():
    first = wrapped(KeyError("inner"), ValueError("outer"))
    with pytest.raises(ValueError, match="outer") as caught:
        _raise_again(first)
    assert short_message(caught.value) == "ValueError: outer\nCaused by KeyError: 'inner'"


def _raise_again(error):
    try:
        raise error
    except ValueError:
        raise ValueError("outer [while running 'X']")  # noqa: B904 -- as Beam does


def test_of_other_messages_the_first_lines_are_told_cut_to_a_width():
    said = short_message(ValueError("\n".join(["a", "", "b" * 5000, "c", "d", "e", "f"])))
    assert said.splitlines()[0] == "ValueError: a"
    assert len(said) < 300
    assert said.endswith("\ne")


def test_a_long_message_is_cut():
    assert len(short_message(RunError("x" * 100_000))) < 2000


def test_only_classes_of_this_project_are_ours():
    assert is_ours(RunError("x"))
    assert is_ours(DataError("x"))
    assert not is_ours(ValueError("x"))


def test_where_names_the_innermost_line_of_ours():
    from pipeline.loading import load_settings

    with pytest.raises(ValueError, match="cannot be read") as caught:
        load_settings("/nowhere.yaml")
    assert "pipeline/loading.py, line " in where(caught.value)
    assert where(ValueError("never raised")) == ""
