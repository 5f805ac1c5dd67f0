"""`sluice promote`: the version that was tried out becomes the one that is relied on."""

from __future__ import annotations

import dataclasses
import sys

from pipeline.commands.shared import Config, Json, errors_reported, print_json

EXAMPLES = (
    "sluice promote --config my.yaml",
    "sluice promote --config my.yaml --json",
)


def promote(config: Config, as_json: Json = False) -> None:
    """Move the label `stable` to the version that is `canary`.

    With `serving: {rollout: canary}` a push moves `canary` only, and this is the second step.
    Otherwise both labels follow a push at once.
    """
    with errors_reported(as_json):
        from components.pusher.promotion import promote as move_stable
        from pipeline.console import Console
        from pipeline.loading import load_settings
        from pipeline.serving_folder import serving_folder

        settings = load_settings(config)
        done = move_stable(serving_folder(settings))
        if as_json:
            print_json(dataclasses.asdict(done))
            return
        before = "none" if done.before is None else str(done.before)
        console = Console(sys.stdout)
        console.facts({"stable before": before, "stable now": str(done.now)})
