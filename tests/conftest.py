"""What holds for every test: the TensorFlow environment and the Hypothesis profiles.

Nothing heavy is imported here, so that a test of a plain module starts at once.
"""

import os
import sys

import hypothesis
import pytest

# Before any TensorFlow import, and inherited by every process a test starts.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

# Machines are shared and slow at times: a deadline per example would only make tests flaky.
# On CI the examples are the same on every run, so that a red run can be repeated.
hypothesis.settings.register_profile("local", deadline=None, max_examples=50)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_configure(config: pytest.Config) -> None:
    """Hides pytest's arguments: TFX hands a program's own arguments to its executors' flags."""
    del sys.argv[1:]
