"""The file that tells clients of the experiments, and what it may not do to users."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import RunError
from pipeline.experiments.settings import plan_of
from pipeline.settings import Settings
from serving.durable import make_folder, replace_file
from serving.experiments.plan import Experiment, Plan, from_json, to_json


def plan_path(settings: Settings) -> Path:
    """Where the file lies: beside the folder of the served versions."""
    return settings.root / "serving" / "experiments.json"


def publish(settings: Settings) -> Plan:
    """Writes the experiments of the settings for the clients.

    One that was stopped and is left out of the settings stays in the file, stopped: its name does
    not come back.

    Raises:
        RunError: Users who are in an arm would be moved to another one, or out of the experiment.
        PlanError: The file that is there is none of experiments.
    """
    path = plan_path(settings)
    plan = plan_of(settings.experiments)
    if path.exists():
        told = from_json(path.read_text(encoding="utf-8"), str(path))
        now = {one.name: one for one in plan.experiments}
        for before in told.experiments:
            _check_nobody_moves(before, now.get(before.name))
        ended = tuple(one for one in told.experiments if one.name not in now)
        plan = Plan(plan.experiments + ended)
    make_folder(path.parent)
    replace_file(path, to_json(plan).encode())
    return plan


def _check_nobody_moves(before: Experiment, now: Experiment | None) -> None:
    if before.stopped:
        _check_stays_stopped(now)
        return
    if now is None:
        raise RunError(
            "an experiment that runs is stopped before it is left out: its name must not come "
            f"back with other arms. Received: settings without {before.name!r}. Write it as it "
            "was, with `stopped: true`, and publish; then it can go."
        )
    if now.stopped:
        return
    if before.arms != now.arms or _fixed(before) != _fixed(now):
        raise RunError(
            "the arms, the layer and the first place of an experiment's users stay while it runs, "
            f"or users would move between arms. Received: another one of {before.name!r}. Give "
            "it another name, or write it as it was."
        )
    if now.users[1] < before.users[1]:
        raise RunError(
            "an experiment that runs keeps its users; it may take more. Received: "
            f"{list(now.users)} after {list(before.users)} for {before.name!r}. Stop it "
            "(`stopped: true`), or give it at least as many."
        )


def _check_stays_stopped(now: Experiment | None) -> None:
    if now is not None and not now.stopped:
        raise RunError(
            "an experiment that was stopped stays so: its users have seen something else since. "
            f"Received: {now.name!r}, which goes on. Give it another name."
        )


def _fixed(experiment: Experiment) -> tuple[str, float, bool]:
    return experiment.layer, experiment.users[0], experiment.interleaved
