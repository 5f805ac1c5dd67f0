"""What settings must hold before they can run in containers."""

from __future__ import annotations

from pipeline.kubeflow.settings import KubeflowSettings
from pipeline.kubeflow.training.plan import TRAINERS, plan_of
from pipeline.refusals import SettingsError
from pipeline.settings import Settings


def kubeflow_of(settings: Settings) -> KubeflowSettings:
    """The section for Kubeflow.

    Raises:
        SettingsError: There is none.
    """
    if settings.kubeflow is None:
        raise SettingsError(
            "`kubeflow` is required to compile for Kubeflow. Received: settings without it. Add "
            "`kubeflow: {image: NAME, volumes: [{claim: NAME, path: /sluice}]}`."
        )
    return settings.kubeflow


def check_paths(settings: Settings, kubeflow: KubeflowSettings) -> None:
    """Refuses paths that one container would write and the next not find.

    Raises:
        SettingsError: A path lies neither on a volume nor in object storage.
    """
    paths = {"root": str(settings.root)}
    for name in ("events", "items", "users"):
        if table := getattr(settings.data, name):
            paths[f"data.{name}.path"] = table.path
    for key, path in paths.items():
        if "://" not in path and not any(volume.holds(path) for volume in kubeflow.volumes):
            mounted = ", ".join(volume.path for volume in kubeflow.volumes)
            raise SettingsError(
                f"`{key}` must lie on a volume that every container mounts. Received: {path}, with "
                f"volumes at {mounted}. Move it there, or mount its folder with `kubeflow.volumes`."
            )


def check_batches(settings: Settings, kubeflow: KubeflowSettings) -> None:
    """Refuses batches that the replicas of a training could not share evenly.

    Raises:
        SettingsError: The global batch of a model is no multiple of the replicas.
    """
    for node_id, model in TRAINERS.items():
        plan = plan_of(kubeflow, node_id)
        replicas = plan.workers * max(1, plan.pods.gpus) if plan else 1
        for size in getattr(settings, model).possible("batch_size"):
            if size % replicas:
                raise SettingsError(
                    f"`{model}.batch_size` must divide evenly over the replicas of "
                    f"`kubeflow.training`: its workers, or their GPUs. Received: {size} over "
                    f"{replicas}. Choose a multiple of {replicas}."
                )
