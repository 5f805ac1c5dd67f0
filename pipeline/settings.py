"""The settings of a pipeline: one typed, frozen tree, read from YAML."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from pipeline.deployment.settings import ServingSettings
from pipeline.experiments.settings import ExperimentSettings, check_together
from pipeline.kubeflow.settings import KubeflowSettings
from trainer.settings import RankerSettings, RecommenderSettings, RetrieverSettings
from transform.aggregates import Aggregate, Of
from transform.features import (
    ITEM_RUNG,
    RESERVED_NAMES,
    USER_RUNG,
    Feature,
    Kind,
    Side,
    label_key,
    slice_keys,
)
from transform.settings import DataSettings, ExampleSettings, Frozen, SplitSettings


class Settings(Frozen):
    """Everything that a run depends on.

    Attributes:
        name: Name of the pipeline; part of metadata, so a new name starts a new history.
        root: Folder of everything the pipeline writes (artifacts, metadata, logs, serving, report).
        seed: Seed of every random choice.
        data: Where the logs lie and how their columns map to ours.
        features: Declared features; none is enough to start.
        aggregates: Windowed counts and rates that are derived from the log, for the ranker.
        split: How events are divided into training, validation and evaluation.
        examples: Shape of the rows.
        retriever: The two-tower retriever.
        ranker: The sequence ranker.
        recommender: The composed path.
        slices: Pairs of columns by which the evaluation is sliced together, beside each alone.
        gates: Overrides of bounds in `pipeline/gates.py`: metric name -> {lower, upper}.
        workers: Worker processes of each training on this machine.
        serving: How pushed versions are served.
        experiments: What is tried out on users.
        kubeflow: How the pipeline runs on Kubeflow; needed there only.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    root: Path
    seed: int = 17
    data: DataSettings
    features: tuple[Feature, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    split: SplitSettings = SplitSettings()
    examples: ExampleSettings = ExampleSettings()
    retriever: RetrieverSettings = RetrieverSettings()
    ranker: RankerSettings = RankerSettings()
    recommender: RecommenderSettings = RecommenderSettings()
    slices: tuple[tuple[str, str], ...] = ((USER_RUNG, ITEM_RUNG),)
    gates: dict[str, dict[str, float]] = Field(default_factory=dict)
    workers: int = Field(default=1, ge=1)
    serving: ServingSettings = ServingSettings()
    experiments: tuple[ExperimentSettings, ...] = ()
    kubeflow: KubeflowSettings | None = None

    @field_validator("features")
    @classmethod
    def _features_are_sound(cls, features: tuple[Feature, ...]) -> tuple[Feature, ...]:
        for name, times in Counter(feature.name for feature in features).items():
            if times > 1:
                raise ValueError(
                    f"each feature may be declared once. Received: {name!r} {times} times. "
                    "Delete all but one, or give the others names of their own with `columns`."
                )
        for feature in features:
            if feature.name in RESERVED_NAMES:
                raise ValueError(
                    f"a feature may not take a name of the event log or of the serving signature. "
                    f"Received: {feature.name!r}. Map the column to another name with `columns`."
                )
            if feature.separator is not None and feature.kind not in (Kind.CATEGORY, Kind.ID):
                raise ValueError(
                    "only features of kind category or id have a separator. Received: "
                    f"{feature.separator!r} on {feature.name!r}, a {feature.kind} feature. "
                    "Leave the separator out, or change the kind."
                )
            if feature.separator == "":
                raise ValueError(
                    "a separator has at least one character. Received: '' on "
                    f"{feature.name!r}. Leave it out where every value is a single one."
                )
        return features

    @field_validator("retriever")
    @classmethod
    def _heads_divide_dimension(cls, retriever: RetrieverSettings) -> RetrieverSettings:
        for heads in retriever.possible("heads"):
            for dimension in retriever.possible("dimension"):
                if dimension % heads:
                    raise ValueError(
                        "`heads` must divide `dimension`. Received: "
                        f"heads {heads}, dimension {dimension}. "
                        "Change one of them, for example to heads 2 and dimension 64."
                    )
        return retriever

    @field_validator("gates")
    @classmethod
    def _bounds_are_numbers(cls, gates: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        for metric, bound in gates.items():
            ends = set(bound)
            finite = all(math.isfinite(value) for value in bound.values())
            if not ends or ends - {"lower", "upper"} or not finite:
                raise ValueError(
                    "a bound has `lower`, `upper` or both, each a finite number. Received: "
                    f"{bound} for {metric!r}. Write, for example, `{metric}: {{lower: 0.1}}`."
                )
            if bound.get("lower", -math.inf) > bound.get("upper", math.inf):
                raise ValueError(
                    "a bound's `lower` may not lie above its `upper`, or nothing could pass. "
                    f"Received: {bound} for {metric!r}. Exchange or change them."
                )
        return gates

    @field_validator("experiments")
    @classmethod
    def _experiments_keep_apart(
        cls, experiments: tuple[ExperimentSettings, ...]
    ) -> tuple[ExperimentSettings, ...]:
        check_together(experiments)
        return experiments

    @model_validator(mode="after")
    def _experiments_have_their_slices(self) -> Self:
        known = self._categories(Side.QUERY)
        for one in self.experiments:
            if unknown := sorted(set(one.slices) - known):
                raise ValueError(
                    "`slices` of an experiment name query features of kind category. Received: "
                    f"{', '.join(unknown)} for {one.name!r}, with {sorted(known)} declared. "
                    "Declare the feature, or leave the slice out."
                )
        return self

    @model_validator(mode="after")
    def _features_have_their_table(self) -> Self:
        for side, table in ((Side.QUERY, "users"), (Side.CANDIDATE, "items")):
            names = [feature.name for feature in self.features if feature.side is side]
            if names and getattr(self.data, table) is None:
                raise ValueError(
                    f"{side} features come from the {table} table. Received: {', '.join(names)}, "
                    f"but no `data.{table}`. Name the table, or leave the features out."
                )
        return self

    @model_validator(mode="after")
    def _warm_starts_are_divided_by_time(self) -> Self:
        if self.split.protocol != "time" and (self.retriever.warm_start or self.ranker.warm_start):
            raise ValueError(
                "`warm_start` needs rows that are held out by time: leave-one-out trains on all "
                "events of users with one or two, which later on are held out. Received: "
                f"`protocol: {self.split.protocol}`. Write `split: {{protocol: time}}`, or leave "
                "`warm_start` out."
            )
        return self

    @model_validator(mode="after")
    def _labels_are_no_features(self) -> Self:
        labels = {label_key(event_type) for event_type in self.examples.labels}
        taken = sorted(labels & {feature.name for feature in self.features})
        if taken:
            raise ValueError(
                "a feature may not take the name of a label of `examples.labels`. Received: "
                f"{', '.join(taken)}. Map the column to another name with `columns`."
            )
        return self

    @model_validator(mode="after")
    def _aggregates_have_names_of_their_own(self) -> Self:
        taken = RESERVED_NAMES | {feature.name for feature in self.features}
        taken |= {label_key(event_type) for event_type in self.examples.labels}
        for aggregate in self.aggregates:
            names = {aggregate.name}
            if aggregate.of is Of.USER_CATEGORY:
                names |= {aggregate.key_name, aggregate.value_name}
            if names & taken:
                raise ValueError(
                    "an aggregate must have a name of its own; one of user_category takes "
                    "`<name>_key` and `<name>_value` too. Received: "
                    f"{', '.join(sorted(names & taken))}, which is taken. Choose another name."
                )
            taken |= names
        return self

    @model_validator(mode="after")
    def _aggregates_have_their_category(self) -> Self:
        categories = self._categories(Side.CANDIDATE)
        for aggregate in self.aggregates:
            if aggregate.by is not None and aggregate.by not in categories:
                raise ValueError(
                    "`by` must name a declared candidate feature of kind category. Received: "
                    f"{aggregate.by!r} for {aggregate.name!r}, with {sorted(categories)} declared. "
                    "Declare the feature, or name another."
                )
        return self

    @model_validator(mode="after")
    def _slices_are_known(self) -> Self:
        known = slice_keys(self.features)
        for pair in self.slices:
            if not set(pair) <= set(known) or pair[0] == pair[1]:
                raise ValueError(
                    "`slices` must name pairs of two columns that slice the evaluation. Received: "
                    f"{list(pair)}. Choose from {', '.join(known)}, or declare a query or context "
                    "feature of kind category."
                )
        return self

    @model_validator(mode="after")
    def _requests_hold_a_model_history(self) -> Self:
        shape = self.examples
        if shape.max_history < shape.history_length:
            raise ValueError(
                "`examples.max_history` must not be below `examples.history_length`, or held-out "
                f"requests would hold less than the models see. Received: {shape.max_history} and "
                f"{shape.history_length}. Raise the first or lower the second."
            )
        return self

    @model_validator(mode="after")
    def _rows_follow_from_the_recommender(self) -> Self:
        for name, rule, instead in (
            ("repeats", "rows count with repeats follows from the lists", "exclude_seen: false"),
            (
                "shown_held_out",
                "held-out lists are rows follows from what scores are fitted to",
                "calibration: shown",
            ),
        ):
            if getattr(self.examples, name):
                raise ValueError(
                    f"whether {rule}. Received: `examples.{name}: true`. Set `recommender: "
                    f"{{{instead}}}` instead."
                )
        return self

    @model_validator(mode="after")
    def _shown_lists_are_held_out_by_time(self) -> Self:
        if self.recommender.fits_shown_lists and self.split.protocol != "time":
            raise ValueError(
                "`recommender: {calibration: shown}` needs periods of time: leave-one-out holds "
                "out single events, and no lists. Received: `protocol: "
                f"{self.split.protocol}`. Write `split: {{protocol: time}}`, or leave "
                "`calibration` out."
            )
        return self

    def _categories(self, side: Side) -> set[str]:
        """Names of the declared features of a side and of kind category."""
        return {
            feature.name
            for feature in self.features
            if feature.side is side and feature.kind is Kind.CATEGORY
        }
