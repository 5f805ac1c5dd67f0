"""What the notebook works out by itself."""

import ast
import math

import pandas as pd
import pytest

from tests.notebooks.execution import NOTEBOOKS


@pytest.fixture(scope="module")
def room():
    """The notebook's function, without the rest of it."""
    tree = ast.parse((NOTEBOOKS / "why_this_verdict.py").read_text())
    [found] = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "room"]
    names = {"pd": pd}
    exec(compile(ast.Module([found], []), "why_this_verdict.py", "exec"), names)
    return names["room"]


@pytest.mark.parametrize(
    ("value", "lower", "upper", "expected"),
    [
        (0.3, 0.2, None, 0.5),
        (0.3, None, 0.4, 0.25),
        (0.3, 0.2, 0.4, 0.25),
        (-0.3, -0.005, None, -59.0),  # passed within noise
        (0.5, 0.0, None, math.nan),
        (0.5, 0.0, 1.0, 0.5),
    ],
)
def test_room_is_how_far_inside_its_bounds_a_value_lies(room, value, lower, upper, expected):
    check = pd.Series({"value": value, "lower": lower, "upper": upper})
    assert room(check) == pytest.approx(expected, nan_ok=True)
