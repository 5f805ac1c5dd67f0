"""Loading TFX's launcher without what only some nodes need: most of a node's start was imports.

TFX allows for each of them. Its package for the definition of pipelines comes without Beam and
without components, so the launcher is written to do without; and TensorFlow serves it as a file
system, beside one of its own for local paths.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec

_LOADING = threading.RLock()


# Executors that are TFX's own or extend one. They count on what its package of components puts into
# TFMA when it is imported.
OF_TFX = ("tfx.components.", "components.evaluator.")


def load_launcher(executor: str, *, with_beam: bool) -> None:
    """Imports TFX's launcher, for a process that runs one node and ends.

    TensorFlow and TFX's components are loaded where a node first uses them.

    Args:
        executor: Dotted path of the node's executor; empty where it has none.
        with_beam: Whether that is a Beam pipeline. For others, what TFX offers for Beam pipelines
            does not work in this process; Beam itself does.
    """
    _defer("tensorflow")
    if not executor.startswith(OF_TFX):
        _defer("tfx.components")
    with contextlib.nullcontext() if with_beam else _missing("apache_beam"):
        importlib.import_module("tfx.orchestration.portable.launcher")
    _close("tensorflow")
    _prefer_local_files()


class _Deferred(types.ModuleType):
    """A package whose code runs once something in it is asked for."""

    def __getattr__(self, name: str) -> object:
        with _LOADING:
            if type(self) is _Deferred and (loader := _open(self).loader):
                loader.exec_module(self)
        return getattr(self, name)


class _Part(types.ModuleType):
    """A subpackage of one that was put off, which runs before more of this one is imported."""

    def __getattr__(self, name: str) -> object:
        if name != "__path__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        whole = sys.modules[self.__name__.partition(".")[0]]
        return _open(self).submodule_search_locations if whole.__path__ else None


def _open(module: types.ModuleType) -> ModuleSpec:
    """Makes an ordinary package of one that was put off or is part of one."""
    spec = module.__spec__
    if spec is None:
        raise ImportError(f"a module knows where it comes from. Received: {module.__name__}")
    module.__class__ = types.ModuleType
    module.__dict__.setdefault("__path__", spec.submodule_search_locations)
    return spec


def _defer(name: str) -> None:
    """Puts a package in place without running it; its submodules can be imported all the same."""
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec is None:
        return  # it has run, or the import that needs it will say that it is missing
    module = importlib.util.module_from_spec(spec)
    module.__class__ = _Deferred
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


def _close(name: str) -> None:
    """From here on a package that was put off runs before any more of its submodules.

    What TFX's launcher takes from TensorFlow stands alone: messages, and marks for documentation.
    All else needs what the package itself sets up.
    """
    if type(sys.modules.get(name)) is not _Deferred:
        return
    for path, module in list(sys.modules.items()):
        if f"{path}.".startswith(f"{name}.") and "__path__" in module.__dict__:
            del module.__path__
            if path != name:
                module.__class__ = _Part


@contextlib.contextmanager
def _missing(name: str) -> Iterator[None]:
    """While open, a package that was not imported before cannot be."""
    finder = _Missing(name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Missing(MetaPathFinder):
    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == self._name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def _prefer_local_files() -> None:
    """Files without a scheme go through Python; TensorFlow's file system opens the others."""
    from tfx.dsl.io import filesystem_registry
    from tfx.dsl.io.plugins.local import LocalFilesystem

    filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY.register(LocalFilesystem, priority=0)
