"""Pushes to disks of rising size, from too small to large enough, and tells what was seen.

`python full_disk.py OLD NEW MOUNT_POINT FIRST END STEP` (KiB) prints a JSON object for each size.
It mounts file systems in memory, so it wants a mount namespace of its own: `unshare --mount`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from components.pusher import labels, manifest
from components.pusher.errors import PublishError
from components.pusher.labels import Rollout
from components.pusher.publish import publish
from serving.model_server.base_path import find_versions

NOW = 1_700_000_000


def _push(model: Path, destination: Path, now: int) -> None:
    publish(model, destination, extra_files={}, now=now, keep=3, rollout=Rollout.NEWEST)


def _seen(destination: Path) -> dict:
    if not destination.is_dir():
        return {"versions": {}, "labels": {}, "hidden": []}
    found = find_versions(destination)
    return {
        "versions": {
            version: (path / "saved_model.pb").read_text() if manifest.is_intact(path) else None
            for version, path in found.items()
        },
        "labels": labels.read(destination),
        "hidden": sorted(p.name for p in destination.iterdir() if p.name.startswith(".staging")),
    }


def _try(old: Path, new: Path, mount: Path, kib: int) -> dict:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", mount], check=True)
    destination, said = mount / "serving", ""
    try:
        _push(old, destination, NOW)
        _push(new, destination, NOW + 1)
    except PublishError as error:
        said = str(error)
    first = _seen(destination)
    subprocess.run(["mount", "-o", "remount,size=64m", mount], check=True)
    if not first["versions"]:
        _push(old, destination, NOW)
    _push(new, destination, NOW + 2)
    again = _seen(destination)
    subprocess.run(["umount", mount], check=True)
    return {"kib": kib, "said": said, "first": first, "again": again}


def main() -> None:
    old, new, mount = map(Path, sys.argv[1:4])
    for kib in range(*map(int, sys.argv[4:])):
        print(json.dumps(_try(old, new, mount, kib)), flush=True)


if __name__ == "__main__":
    main()
