"""Fingerprint of our own code, so that TFX's cache does not outlive a change of it."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from pathlib import Path


@functools.cache
def code_fingerprint(*packages: str) -> str:
    """SHA-256 over the names and bytes of all files of some packages, templates included.

    TFX caches a node by its inputs and execution properties, of which the executor's code is no
    part; every node of ours carries this as a property.

    Args:
        packages: Dotted names of packages.
    """
    digest = hashlib.sha256()
    for package in packages:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ValueError(f"A package to fingerprint must be importable. Received: {package}.")
        root = Path(spec.origin).parent
        for path in sorted(p for p in root.rglob("*") if p.is_file() and _is_source(p)):
            digest.update(f"{package}/{path.relative_to(root)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts
