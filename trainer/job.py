"""A training job: all that a worker process needs to know, as one JSON file."""

from __future__ import annotations

from typing import Any, Literal

from trainer.tuning.chosen import chosen_values
from transform import features as keys
from transform.aggregates import Aggregate
from transform.features import Feature
from transform.settings import Frozen

# In a run folder: name of a measure -> its value after each epoch.
HISTORY_FILE = "history.json"


class Job(Frozen):
    """One training, the same for every worker.

    Attributes:
        model: Which model to train.
        settings: Its settings (RetrieverSettings or RankerSettings) as plain data.
        features: All declared features.
        aggregates: All declared aggregates.
        history_length: History events that the model sees.
        protocol: How rows were held out.
        exclude_seen: Whether lists leave out what the history holds, as `RecommenderSettings` say.
        seed: Seed of weights, order and sampling.
        transform_graph: Folder of the transform graph.
        train_files: Globs of the training rows.
        validation_files: Globs of the held-out rows that stop the training.
        catalogue_files: Globs of the catalogue rows.
        model_dir: Where the chief writes the SavedModel.
        run_dir: Where the chief writes `start.json`, `history.json` and the logs for TensorBoard
            (`tensorboard/`), the workers their backup, and why they stopped (`stall.json`).
        base_model: Folder of an earlier SavedModel of the same kind to go on from, None without.
    """

    model: Literal["retriever", "ranker"]
    settings: dict[str, Any]
    features: tuple[Feature, ...]
    aggregates: tuple[Aggregate, ...]
    history_length: int
    protocol: Literal["time", "leave_one_out"]
    exclude_seen: bool
    seed: int
    transform_graph: str
    train_files: tuple[str, ...]
    validation_files: tuple[str, ...]
    catalogue_files: tuple[str, ...]
    model_dir: str
    run_dir: str
    base_model: str | None = None


def job_from_fn_args(model: Literal["retriever", "ranker"], fn_args: Any) -> Job:
    """Builds the job from what TFX Trainer hands to `run_fn`.

    Args:
        model: Which model to train.
        fn_args: TFX's FnArgs; `custom_config` holds `settings`, `features`, `aggregates`,
            `history_length`, `protocol`, `exclude_seen` and `seed`; the train splits include the
            catalogue. The values of a search, where there was one, come before those of the
            settings.
    """
    config = fn_args.custom_config
    catalogue = [p for p in fn_args.train_files if f"Split-{keys.CATALOGUE}" in p]
    return Job(
        model=model,
        settings=config["settings"] | chosen_values(fn_args.hyperparameters),
        features=config["features"],
        aggregates=config["aggregates"],
        history_length=config["history_length"],
        protocol=config["protocol"],
        exclude_seen=config["exclude_seen"],
        seed=config["seed"],
        transform_graph=fn_args.transform_graph_path,
        train_files=tuple(p for p in fn_args.train_files if p not in catalogue),
        validation_files=tuple(fn_args.eval_files),
        catalogue_files=tuple(catalogue),
        model_dir=fn_args.serving_model_dir,
        run_dir=fn_args.model_run_dir,
        base_model=fn_args.base_model,
    )
