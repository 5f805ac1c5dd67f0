"""How errors leave the program."""

import json

import pytest
import typer

from pipeline.commands.shared import Exit, errors_reported, print_json
from pipeline.errors import RunError
from pipeline.refusals import SettingsError
from transform.errors import DataError


def end_of(error):
    with pytest.raises(typer.Exit) as caught, errors_reported():
        raise error
    return caught.value.exit_code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("a rule"), Exit.USAGE),
        (DataError("a rule"), Exit.FAILURE),
        (RunError("a rule"), Exit.FAILURE),
        (PermissionError(13, "Permission denied", "/x"), Exit.FAILURE),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (BrokenPipeError(), Exit.OK),
    ],
)
def test_exit_codes(error, code):
    assert end_of(error) == code


def test_the_message_goes_to_standard_error(capsys):
    end_of(DataError("a rule. Received: 3."))
    captured = capsys.readouterr()
    assert captured.err == "sluice: a rule. Received: 3.\n"
    assert captured.out == ""


@pytest.mark.parametrize(("error", "code"), [(SettingsError("é"), 2), (RunError("é"), 1)])
def test_a_refusal_is_json_where_that_is_asked_for(capsys, error, code):
    with pytest.raises(typer.Exit), errors_reported(as_json=True):
        raise error
    captured = capsys.readouterr()
    assert captured.err == "sluice: é\n"
    assert json.loads(captured.out) == {"error": "é", "exit_code": code}


def test_an_error_nobody_foresaw_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), errors_reported():
        raise ZeroDivisionError


def test_json_keeps_letters_readable(capsys):
    print_json({"title": "Misérables"})
    assert capsys.readouterr().out == '{\n  "title": "Misérables"\n}\n'
