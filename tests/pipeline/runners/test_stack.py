"""A part of TFX that is missing is an error, not a None to trip over later."""

import gc
import subprocess
import sys
import types

import pytest

from pipeline.errors import RunError
from pipeline.runners import stack


@pytest.fixture
def fake_tfx(monkeypatch):
    """Stands in for TFX and TFMA, with everything there."""
    components = types.SimpleNamespace(**dict.fromkeys(stack._COMPONENTS, object()))
    analysis = types.SimpleNamespace(
        **dict.fromkeys(stack._MARKS["tensorflow_model_analysis"], object())
    )
    monkeypatch.setitem(sys.modules, "tfx.components", components)
    monkeypatch.setitem(sys.modules, "tensorflow_model_analysis", analysis)
    return types.SimpleNamespace(components=components, analysis=analysis)


def test_a_whole_stack_is_taken_and_garbage_is_collected_again(fake_tfx):
    stack.load_tfx()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_a_component_that_tfx_left_out_is_named_with_its_import_error(fake_tfx, monkeypatch):
    fake_tfx.components.Evaluator = None
    monkeypatch.setitem(sys.modules, "tfx.components.evaluator.component", None)
    with pytest.raises(RunError) as caught:
        stack.load_tfx()
    assert gc.isenabled()
    assert "every part of TFX must be importable" in str(caught.value)
    assert "tfx.components.evaluator.component" in str(caught.value)
    assert "Error" in str(caught.value)


def test_a_half_imported_model_analysis_is_refused(fake_tfx):
    del fake_tfx.analysis.EvalConfig
    with pytest.raises(RunError, match="tensorflow_model_analysis: it lacks EvalConfig"):
        stack.load_tfx()


def test_no_tfx_at_all_is_said_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "tfx.components", None)
    with pytest.raises(RunError, match=r"tfx\.components: ModuleNotFoundError"):
        stack.load_tfx()


@pytest.mark.slow
def test_the_real_one_is_whole_without_what_is_not_needed():
    code = (
        "import sys\n"
        "from pipeline.runners import stack\n"
        "stack.load_tfx()\n"
        "print([name for name in stack.NOT_NEEDED if name in sys.modules])\n"
        # Who needs them later finds them.
        "import kubernetes.client, pymongo, tqdm.notebook, portalocker.redis\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip().splitlines()[-1] == "[]"
