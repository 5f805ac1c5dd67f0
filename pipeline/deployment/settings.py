"""Settings of serving: nothing in them changes a model."""

from __future__ import annotations

from components.pusher.labels import Rollout
from transform.settings import Frozen


class ServingSettings(Frozen):
    """How pushed versions are served.

    Attributes:
        rollout: `newest`: every server takes a new version as soon as it has loaded it. `canary`:
            a new version answers callers that ask for `canary`, until `sluice promote`.
    """

    rollout: Rollout = Rollout.NEWEST
