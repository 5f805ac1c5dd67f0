"""Fingerprint of our own code, so that TFX's cache does not outlive a change of it."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from pathlib import Path


@functools.cache
def code_fingerprint(*packages: str) -> str:
    """SHA-256 over the names and bytes of all Python files of some packages.

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
        for path in sorted(root.rglob("*.py")):
            digest.update(f"{package}/{path.relative_to(root)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
