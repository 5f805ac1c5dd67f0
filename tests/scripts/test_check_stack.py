"""Tests of `scripts/check_stack.py`."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_stack.py"


def check(with_lines):
    """Run the check's function in a process of its own after the given lines."""
    code = (
        "import importlib.util, sys, types, os\n"
        f"spec = importlib.util.spec_from_file_location('check_stack', {str(SCRIPT)!r})\n"
        "check_stack = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(check_stack)\n"
        f"{with_lines}\nprint(check_stack.broken_parts())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def test_a_stack_that_loads_is_accepted():
    assert check("check_stack.STACK = ('json',)") == "[]"


def test_a_module_that_does_not_load_is_named():
    answer = check("check_stack.STACK = ('json', 'no_such_module')")
    assert answer == "[\"no_such_module: No module named 'no_such_module'\"]"


def test_a_component_that_tfx_lost_is_named():
    answer = check(
        "check_stack.STACK = ()\n"
        "fake = types.ModuleType('tfx.v1'); sys.modules['tfx.v1'] = fake\n"
        "fake.components = types.SimpleNamespace(Trainer=None, Pusher=object)"
    )
    assert answer == "['tfx.v1.components.Trainer is None']"


def test_a_process_without_keras_2_is_refused():
    answer = check("check_stack.STACK = ()\nos.environ.pop('TF_USE_LEGACY_KERAS')")
    assert "TF_USE_LEGACY_KERAS is not set to 1" in answer
