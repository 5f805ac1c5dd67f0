"""`sluice experiment`: what is tried out on users, and what came of it."""

from __future__ import annotations

import sys

from pipeline.commands.shared import Config, Json, errors_reported, print_json

PUBLISH = (
    "sluice experiment publish --config my.yaml",
    "sluice experiment publish --config my.yaml --json | jq .path",
)


def publish(config: Config, as_json: Json = False) -> None:
    """Write the experiments of the settings for the clients.

    They read `serving/experiments.json` below the root folder; those that run take a change within
    seconds. To ramp up, let `users` of an experiment end later; to end it, write `stopped: true`.
    A change that would move users from one arm to another is refused.
    """
    with errors_reported():
        from pipeline.console import Console
        from pipeline.experiments.publishing import plan_path
        from pipeline.experiments.publishing import publish as write
        from pipeline.loading import load_settings

        settings = load_settings(config)
        plan = write(settings)
        path = plan_path(settings)
        if as_json:
            names = [one.name for one in plan.experiments if not one.stopped]
            print_json({"path": str(path), "running": names})
            return
        console = Console(sys.stdout)
        console.table(
            ["experiment", "layer", "users", "arms"],
            [
                [
                    one.name,
                    one.layer,
                    "stopped" if one.stopped else f"{one.users[0]:.1%} to {one.users[1]:.1%}",
                    ", ".join(arm.name for arm in one.arms),
                ]
                for one in plan.experiments
            ],
        )
        console.line(f"Clients read {path}.")
