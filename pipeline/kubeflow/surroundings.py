"""What a process here sees in place of a container: folder, variables, mounted volumes."""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.errors import RunError
from pipeline.kubeflow.specification import Container

_PATH_CHARACTER = r"[\w./-]"


class Volumes:
    """Local folders in the place of mounted volumes.

    A container sees a volume at its mount path, a process of ours sees a folder somewhere else; so
    that path is exchanged wherever a command or a variable names it.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        """Takes mount path -> folder."""
        self._folders = folders
        longest_first = sorted(folders, key=len, reverse=True)
        paths = "|".join(map(re.escape, longest_first)) or r"(?!)"
        self._named = re.compile(rf"(?<!{_PATH_CHARACTER})({paths})(?![\w.-])")

    def localized(self, text: str) -> str:
        """Text with every mount path in it exchanged for its folder."""
        return self._named.sub(lambda match: str(self._folders[match[1]]), text)

    @classmethod
    def for_mounts(cls, mounted: Iterable[str], given: Mapping[str, Path]) -> Volumes:
        """Volumes for what containers mount: the folders given, else the path itself.

        Raises:
            RunError: A folder is given for a path that nothing mounts, or is not there.
        """
        mounted = set(mounted)
        if unknown := sorted(set(given) - mounted):
            raise RunError(
                "`--mount` names a path that the compiled pipeline mounts. Received: "
                f"{', '.join(unknown)}. There are: {', '.join(sorted(mounted)) or 'none'}."
            )
        folders = {path: given.get(path, Path(path)).absolute() for path in mounted}
        for path, folder in folders.items():
            if not folder.is_dir():
                raise RunError(
                    "each mounted volume needs a local folder. Received: "
                    f"{path}, for which {folder} is not there. Say --mount {path}=FOLDER."
                )
        return cls(folders)


def secret_values(containers: Iterable[Container]) -> dict[str, str]:
    """Values of all secrets, taken from variables of the same names here.

    Raises:
        RunError: A variable is not set.
    """
    needed = {name: source for one in containers for name, source in one.secrets.items()}
    if missing := [name for name in sorted(needed) if name not in os.environ]:
        raise RunError(
            "each secret of the compiled pipeline comes from a variable here. Received: no "
            + ", ".join(f"{name} (there: {needed[name]})" for name in missing)
            + ". Set it and run again."
        )
    return {name: os.environ[name] for name in needed}


def environment(
    container: Container, folder: Path, volumes: Volumes, secrets: Mapping[str, str]
) -> dict[str, str]:
    """The variables of a container, and nothing else of this process's own."""
    pod = {
        "metadata.name": container.name.lower(),
        "metadata.uid": str(uuid.uuid4()),
        "metadata.namespace": "default",
    }
    declared = {name: volumes.localized(value) for name, value in container.environment.items()}
    fields = {name: pod[path] for name, path in container.fields.items()}
    values = {name: secrets[name] for name in container.secrets}
    return image_environment(folder) | declared | fields | values


def image_environment(folder: Path) -> dict[str, str]:
    """The variables that an image brings along.

    The image is this installation: its `python` comes first on the path, and PYTHONPATH stays
    where it says what is installed.

    Args:
        folder: Working folder of the process.
    """
    image = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin:/usr/bin:/bin"]),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
    }
    if "PYTHONPATH" in os.environ:
        places = os.environ["PYTHONPATH"].split(os.pathsep)
        image["PYTHONPATH"] = os.pathsep.join(str(Path(place).absolute()) for place in places)
    return image
