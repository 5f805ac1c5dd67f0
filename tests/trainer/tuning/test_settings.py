"""Which spaces are searched, which are refused, and what they mean for the settings."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from trainer.settings import RankerSettings, RetrieverSettings
from trainer.tuning.settings import Range


def tuned(space: Any, **changes: Any) -> RetrieverSettings:
    """A retriever with a search over a space."""
    return RetrieverSettings.model_validate({"tuning": {"trials": 3, "space": space}} | changes)


def test_lists_and_ranges_of_settings_make_a_space() -> None:
    settings = tuned(
        {
            "learning_rate": {"min": 3e-4, "max": 3e-3, "scale": "log"},
            "dropout": [0, 0.2],
            "layers": {"min": 1, "max": 3},
        }
    )
    assert settings.tuning is not None
    assert settings.tuning.space["learning_rate"] == Range(min=3e-4, max=3e-3, scale="log")
    assert settings.possible("layers") == (1, 2, 3)
    assert settings.possible("dropout") == (0, 0.2)
    assert settings.possible("heads") == (2,)  # that of the settings


def test_nothing_is_searched_by_default() -> None:
    assert RetrieverSettings().tuning is None
    assert RankerSettings().possible("dimension") == (32,)


@pytest.mark.parametrize(
    ("space", "says"),
    [
        ({"droput": [0.1, 0.2]}, r"Received: 'droput'\. Nearest: `dropout`\. There are: batch_si"),
        ({"tuning": [1, 2]}, r"Received: 'tuning', of which it is the search itself\."),
        ({"refresh_epochs": [1, 2]}, "'refresh_epochs', of which it comes after the epoch that is"),
        ({"warm_start": [0.1, 0.2]}, "'warm_start', of which it says how long"),
        ({"dropout": [0.1, 1.5]}, r"`tuning\.space\.dropout` holds .* Received: 1\.5 \(Input .*1"),
        ({"layers": [1, 2.5]}, r"`tuning\.space\.layers` holds .* Received: 2\.5 "),
        ({"layers": {"min": 0, "max": 2}}, r"`tuning\.space\.layers` holds .* Received: 0 "),
        ({"layers": {"min": 1, "max": 2.5}}, r"`tuning\.space\.layers` holds .* Received: 2\.5 "),
        ({"layers": ["1", "2"]}, r"`tuning\.space\.layers` holds .* Received: '1' "),
        ({"layers": 2}, r"the values of `layers` are a list .* Received: 2\. Write"),
        ({"layers": [2]}, r"Received: \[2\]\. Write"),
        ({"layers": [2, 2]}, r"Received: \[2, 2\]\. Write"),
        ({"layers": [True, False]}, r"Received: \[True, False\]\. Write"),
        ({"layers": {"min": 1}}, r"Received: \{'min': 1\}\. Write"),
        ({"layers": {"min": "1", "max": 2}}, r"Received: \{'min': '1', 'max': 2\}\. Write"),
        ({"layers": {"min": 1, "max": 2, "scale": "ln"}}, r"range\.scale\n +Input .*'log'"),
        ({"dropout": {"min": 0.1, "max": 0.1}}, r"min 0\.1, max 0\.1, scale linear"),
        ({"dropout": {"min": 0, "max": 0.1, "scale": "log"}}, r"min 0, max 0\.1, scale log"),
        ({}, "at least 1 item"),
    ],
)
def test_other_spaces_are_refused_with_the_rule(space: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        tuned(space)


def test_what_a_model_does_not_have_is_no_part_of_its_space() -> None:
    space = {"trials": 2, "space": {"layers": [1, 2]}}
    with pytest.raises(ValidationError, match=r"Received: 'layers'\. .*There are: .*cross_layers"):
        RankerSettings.model_validate({"tuning": space})
    space["space"] = {"keep": ["order", "probabilities"]}
    with pytest.raises(ValidationError, match="'keep', of which it says what is measured"):
        RankerSettings.model_validate({"tuning": space})
