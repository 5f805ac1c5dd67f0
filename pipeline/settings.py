"""The settings of a pipeline: one typed, frozen tree, read from YAML."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from trainer.settings import RankerSettings, RecommenderSettings, RetrieverSettings
from transform.features import Feature
from transform.settings import DataSettings, ExampleSettings, Frozen, SplitSettings


class Settings(Frozen):
    """Everything that a run depends on.

    Attributes:
        name: Name of the pipeline; part of metadata, so a new name starts a new history.
        root: Folder of everything the pipeline writes (artifacts, metadata, logs, serving, report).
        seed: Seed of every random choice.
        data: Where the logs lie and how their columns map to ours.
        features: Declared features; none is enough to start.
        split: How events are divided into training, validation and evaluation.
        examples: Shape of the rows.
        retriever: The two-tower retriever.
        ranker: The sequence ranker.
        recommender: The composed path.
        gates: Overrides of bounds in `pipeline/gates.py`: metric name -> {lower, upper}.
        workers: Worker processes of each training on this machine.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    root: Path
    seed: int = 17
    data: DataSettings
    features: tuple[Feature, ...] = ()
    split: SplitSettings = SplitSettings()
    examples: ExampleSettings = ExampleSettings()
    retriever: RetrieverSettings = RetrieverSettings()
    ranker: RankerSettings = RankerSettings()
    recommender: RecommenderSettings = RecommenderSettings()
    gates: dict[str, dict[str, float]] = Field(default_factory=dict)
    workers: int = Field(default=1, ge=1)
