"""Loading TFX's launcher without what only some nodes need: most of a node's start was imports.

TFX allows for it: its package for the definition of pipelines comes without TensorFlow, Beam and
components, so the launcher is written to do without them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import types
from collections.abc import Collection, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

# Executors that are TFX's own or extend one. They count on what its package of components puts into
# TFMA when it is imported.
OF_TFX = ("tfx.components.", "components.evaluator.")
_COMPONENTS = "tfx.components"


def load_launcher(executor: str, *, with_beam: bool) -> None:
    """Imports TFX's launcher, for a process that runs one node and ends.

    TensorFlow and TFX's components run where a node first uses them. TFX itself opens local files
    only: it was loaded without TensorFlow, which opens others.

    Args:
        executor: Dotted path of the node's executor; empty where it has none.
        with_beam: Whether that is a Beam pipeline. For others, what TFX offers for Beam pipelines
            does not work in this process; Beam itself does.
    """
    left_out = {"tensorflow", _COMPONENTS} | (set() if with_beam else {"apache_beam"})
    with without(left_out):
        importlib.import_module("tfx.orchestration.portable.launcher")
    _put_off("tensorflow", parts=False)  # they need what the package itself sets up
    if not executor.startswith(OF_TFX):
        _put_off(_COMPONENTS, parts=True)


@contextlib.contextmanager
def without(names: Collection[str]) -> Iterator[None]:
    """While open, packages that were not imported before cannot be."""
    finder = _NotThere(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _NotThere(MetaPathFinder):
    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def _put_off(name: str, *, parts: bool) -> None:
    """Puts a package in place that runs once something of its own is asked for.

    Args:
        name: Which.
        parts: Whether its submodules can be imported before it has run; else that runs it, too.
    """
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec is None:
        return  # it has run, or the import that needs it will say that it is missing
    module = importlib.util.module_from_spec(spec)
    module.__class__ = _PutOff
    if not parts:
        del module.__path__
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


class _PutOff(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        _run(self)
        return getattr(self, name)


def _run(package: types.ModuleType) -> None:
    package.__class__ = types.ModuleType
    spec = package.__spec__
    if spec and spec.loader:
        package.__path__ = spec.submodule_search_locations or []
        spec.loader.exec_module(package)
