"""TFX, loaded and looked over: what it leaves out in silence becomes an error here."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import sys
import types
from collections.abc import Iterator

from pipeline.errors import RunError
from pipeline.runners.light import without

# Components of ours: name in tfx.components -> the module that defines it.
_COMPONENTS = {
    "Evaluator": "tfx.components.evaluator.component",
    "ExampleValidator": "tfx.components.example_validator.component",
    "StatisticsGen": "tfx.components.statistics_gen.component",
    "Trainer": "tfx.components.trainer.component",
    "Transform": "tfx.components.transform.component",
    "Tuner": "tfx.components.tuner.component",
}
# What TFX, Beam and TFMA load where it is there, and no node of ours needs: clients of Kubernetes
# (for TFX's own InfraValidator) and of MongoDB, which are a thousand modules, progress bars in
# notebooks (for BigQuery) and locks in Redis (for TFMA's BLEU).
NOT_NEEDED = ("kubernetes", "bson", "pymongo", "tqdm.notebook", "portalocker.redis")
# Names that a module which was imported only in part lacks.
_MARKS = {"tensorflow_model_analysis": ("EvalConfig", "run_model_analysis", "load_eval_result")}

# New objects after which garbage is looked for. Beam's pipelines and TensorFlow's graphs are many
# small objects that stay until the end of a node; Python's own 700 are for programs with few.
_OBJECTS = 20_000


def load_tfx() -> None:
    """Imports TFX and checks that every part is there.

    Importing its modules one by one, and never `tfx.v1`, saves a third of the time: that one also
    loads the client libraries of a cloud.

    Raises:
        RunError: A part is missing; the message holds the import error that TFX hid.
    """
    with _uncollected():
        with without(NOT_NEEDED):
            components = _import("tfx.components")
        for name, module in _COMPONENTS.items():
            if getattr(components, name, None) is None:
                _import(module)  # raises the error that was swallowed
                raise RunError(_message(f"tfx.components.{name}", "it is None after the import"))
        for module, names in _MARKS.items():
            loaded = _import(module)
            if missing := [name for name in names if not hasattr(loaded, name)]:
                raise RunError(_message(module, f"it lacks {', '.join(missing)} after the import"))
    _quiet_absl()


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Modules stay: to look for garbage in them takes a sixth of their import, and time later."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
        if was_enabled:
            gc.enable()


def _import(name: str) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RunError(_message(name, f"{type(error).__name__}: {error}")) from error


def _message(name: str, reason: str) -> str:
    return (
        f"every part of TFX must be importable. Received: {name}: {reason}. The environment "
        f"({sys.prefix}) is damaged or incomplete; set it up again as BUILD.md says."
    )


def _quiet_absl() -> None:
    """Leaves absl's records to the root logger, which writes them once and with a time."""
    from absl import logging as absl_logging

    absl_logging.set_verbosity(absl_logging.INFO)
    logging.getLogger().removeHandler(absl_logging.get_absl_handler())
