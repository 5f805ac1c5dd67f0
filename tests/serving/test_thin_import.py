"""The client needs gRPC, protobuf and NumPy, and is there at once."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 0.5

# Finds modules as ever, but refuses what is installed and not named.
ONLY = """
import importlib.abc, importlib.machinery, pathlib, sys

class Only(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        places = [spec.origin or "", *(spec.submodule_search_locations or [])] if spec else []
        installed = any("site-packages" in place for place in places)
        if installed and name.partition(".")[0] not in {allowed}:
            raise ModuleNotFoundError(f"refused: {{name}}", name=name)
        return None

sys.meta_path.insert(0, Only())
"""
# `google` also holds other packages; protobuf is the part that is imported. typing_extensions is
# a dependency of grpcio.
ALLOWED = {"grpc", "google", "numpy", "typing_extensions"}
CLIENTS = (
    "serving.client",
    "serving.aio_client",
    "serving.user_client",
    "serving.aio_user_client",
    "serving.user_state.sqlite_store",
    "serving.stream.exposure_log",
    "serving.stream.sqlite_queue",
)


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def only(allowed, module):
    return python(ONLY.format(allowed=sorted(allowed)) + f"import {module}")


def test_three_packages_are_enough():
    done = only(ALLOWED, ", ".join(CLIENTS))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("allowed", "module", "refused"),
    [
        (ALLOWED, "serving.user_store", "polars"),
        (ALLOWED, "serving.user_state.redis_store", "redis"),
        (ALLOWED - {"numpy"}, "serving.client", "numpy"),
    ],
)
def test_the_check_refuses_what_is_not_allowed(allowed, module, refused):
    assert f"refused: {refused}" in only(allowed, module).stderr


def test_the_import_is_quick_and_brings_no_tensorflow():
    code = (
        f"import sys, time; began = time.process_time(); import {', '.join(CLIENTS)}; "
        "assert not {'tensorflow', 'polars', 'pyarrow', 'pydantic'} & set(sys.modules); "
        "print(time.process_time() - began)"
    )
    taken = [float(python(code).stdout) for _ in range(3)]
    assert min(taken) < SECONDS, taken
