"""The model configuration file, read at the start and then watched."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from serving.model_server.errors import RequestError, StartError
from serving.model_server.model_config import ModelConfig, read_model_config
from serving.model_server.model_set import ModelSet

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0  # which a look at the file takes at most, where nothing is to be applied


class ConfigFileWatch:
    """Applies the file again whenever it says something new.

    A file that cannot be applied changes nothing; the reason is logged once, and it is tried again
    at every look, since a label may only wait for its version to load.

    Args:
        path: The file.
        models: What it configures.
        applied: What is in force at the start.
        poll_seconds: Time between two looks.
    """

    def __init__(
        self,
        path: Path,
        models: ModelSet,
        applied: tuple[ModelConfig, ...],
        poll_seconds: float,
    ) -> None:
        self._path = path
        self._models = models
        self._applied = applied
        self._poll_seconds = poll_seconds
        self._complaint = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="config-file", daemon=True)

    def start(self) -> None:
        """Look from a thread until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; a new configuration may still be loaded for a while."""
        self._stop.set()
        self._thread.join(_LOOK_SECONDS)

    def poll(self) -> None:
        """Look once."""
        try:
            configs = read_model_config(self._path)
            if configs != self._applied:
                self._models.reload(configs)
                self._applied = configs
            self._complaint = ""
        except (StartError, RequestError) as error:
            if str(error) != self._complaint:
                self._complaint = str(error)
                logger.warning("%s was not applied: %s", self._path, error)

    def _watch(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            try:
                self.poll()
            except Exception:  # the watch must outlive whatever a load can do to it
                logger.exception("applying %s failed", self._path)
