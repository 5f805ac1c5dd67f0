"""The objects of the cluster, each with the number of its last change."""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable
from typing import Any

Object = dict[str, Any]


class MissingError(KeyError):
    """There is no such object."""


class ConflictError(ValueError):
    """There is such an object already, or it is another one."""


class Objects:
    """Objects by resource and name; readers get copies, and may wait for a change."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], Object] = {}
        self._changed = threading.Condition()
        self._version = 0

    def create(self, resource: str, given: Object) -> Object:
        """Keeps a new object, with a unique id.

        Raises:
            ConflictError: There is one of its name.
        """
        with self._changed:
            key = resource, given["metadata"]["name"]
            if key in self._objects:
                raise ConflictError(f"{resource} {key[1]!r} already exists")
            self._objects[key] = copy.deepcopy(given)
            self._objects[key]["metadata"]["uid"] = str(uuid.uuid4())
            self._note(key)
            return copy.deepcopy(self._objects[key])

    def read(self, resource: str, name: str) -> Object:
        """An object.

        Raises:
            MissingError: There is none.
        """
        with self._changed:
            if (resource, name) not in self._objects:
                raise MissingError(f"{resource} {name!r} not found")
            return copy.deepcopy(self._objects[resource, name])

    def with_labels(self, resource: str, labels: dict[str, str]) -> list[Object]:
        """All objects of a resource with some labels."""
        with self._changed:
            return [
                copy.deepcopy(one)
                for (kind, _), one in sorted(self._objects.items())
                if kind == resource and labels.items() <= one["metadata"].get("labels", {}).items()
            ]

    def change(self, resource: str, name: str, how: Callable[[Object], None]) -> None:
        """Changes an object.

        Raises:
            MissingError: There is none.
        """
        with self._changed:
            if (resource, name) not in self._objects:
                raise MissingError(f"{resource} {name!r} not found")
            how(self._objects[resource, name])
            self._note((resource, name))

    def remove(self, resource: str, name: str) -> None:
        """Removes an object, if there is one."""
        with self._changed:
            self._objects.pop((resource, name), None)
            self._changed.notify_all()

    def wait_for_change(self, resource: str, name: str, version: str, seconds: float) -> None:
        """Returns once an object is another than the one of a version, or after some time."""

        def is_other() -> bool:
            found = self._objects.get((resource, name))
            return found is None or found["metadata"]["resourceVersion"] != version

        with self._changed:
            self._changed.wait_for(is_other, seconds)

    def _note(self, key: tuple[str, str]) -> None:
        self._version += 1
        self._objects[key]["metadata"]["resourceVersion"] = str(self._version)
        self._changed.notify_all()
