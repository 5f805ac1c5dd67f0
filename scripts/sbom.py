"""Write the bill of materials of what lock files install: CycloneDX 1.6, as JSON.

Usage: python scripts/sbom.py requirements.lock [MORE.lock ...] > sbom.cdx.json

The same locks give the same bytes: nothing in it is random or says when it was made. A lock knows
every file that it accepts of a package, each by its SHA-256; they stand beside the package as those
of its distribution.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_PACKAGE = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)(\[[\w,.-]+\])?==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill(locks: Sequence[str], version: str) -> dict[str, Any]:
    """The bill of materials of one installation.

    Args:
        locks: Texts of the lock files that it is made of.
        version: Version of this project.

    Raises:
        ValueError: A line is neither a comment nor a package with hashes.
    """
    ours = f"pkg:generic/sluice@{version}"
    components = [component for lock in locks for component in _components(lock)]
    components.sort(key=lambda component: str(component["name"]))
    refs = [component["bom-ref"] for component in components]
    digest = hashlib.sha256("\0".join([version, *locks]).encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": ours,
                "name": "sluice",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": ours, "dependsOn": refs}, *({"ref": ref} for ref in refs)],
    }


def _components(lock: str) -> list[dict[str, Any]]:
    found = []
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        if entry.startswith("#"):
            continue
        package, hashes = _PACKAGE.match(entry), _HASH.findall(entry)
        if not (package and hashes):
            raise ValueError(
                "each entry of a lock is a package with one version and its hashes. Received: "
                f"{entry.splitlines()[0]!r}. Resolve it anew: make lock."
            )
        name = re.sub(r"[-_.]+", "-", package["name"]).lower()
        purl = f"pkg:pypi/{name}@{package['version']}"
        contents = [{"alg": "SHA-256", "content": value} for value in hashes]
        found.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": package["version"],
                "purl": purl,
                "externalReferences": [{"type": "distribution", "url": purl, "hashes": contents}],
            }
        )
    return found


if __name__ == "__main__":
    texts = [Path(path).read_text(encoding="utf-8") for path in sys.argv[1:]]
    written = bill(texts, importlib.metadata.version("sluice"))
    json.dump(written, sys.stdout, indent=2)
    sys.stdout.write("\n")
