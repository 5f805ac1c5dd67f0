"""What the log of shown lists says of the candidate: estimates of what its lists would earn.

Only lists of the held-out time count, whose outcomes no model has learned from. Estimates are
reported; only a bound on the gain over the blessed model can withhold a candidate. Where nothing
can be estimated, the check says why and passes: a log without exploration, or a first run, must not
stop a pipeline.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import polars as pl
from pydantic import TypeAdapter

from components.artifacts import UserStates
from components.checks import Bound, Check
from components.off_policy.estimates import Estimate, Lists, Policy, as_logged
from components.off_policy.exposures import (
    Exposures,
    NoExposuresError,
    Span,
    read_exposures,
)
from components.off_policy.replay import lists_of, rows_of
from components.training_period import TrainingPeriod
from serving.user_store import UserStore
from transform.aggregates import Aggregate, parse_aggregates
from transform.features import Feature, Side
from transform.settings import DataSettings, ExampleSettings

_VALUE = "off_policy_value"


@dataclass(frozen=True)
class ShownLists:
    """Where the log is, and how its requests are put.

    Attributes:
        data: Where the log lies.
        examples: What in it is an impression.
        features: Declared features.
        aggregates: Declared aggregates.
        states: The folder of `UserStates`.
    """

    data: DataSettings
    examples: ExampleSettings
    features: tuple[Feature, ...]
    aggregates: tuple[Aggregate, ...]
    states: Path

    @classmethod
    def of(cls, properties: Mapping[str, Any], states: str) -> Self:
        """As it travels in execution properties."""
        return cls(
            DataSettings.model_validate_json(properties["data"]),
            ExampleSettings.model_validate_json(properties["example_settings"]),
            TypeAdapter(tuple[Feature, ...]).validate_json(properties["features"]),
            parse_aggregates(properties["aggregates"]),
            Path(states) / UserStates.USERS_FILE,
        )

    def read(self, first: int) -> tuple[Exposures, list[bytes]]:
        """The lists from a moment to the end of what the states have seen, and their requests.

        Raises:
            NoExposuresError: There are none.
        """
        context = [one.name for one in self.features if one.side is Side.CONTEXT]
        span = Span(first, _end(self.states))
        exposures = read_exposures(self.data, self.examples, context, span)
        states = UserStore.open(self.states)
        return exposures, rows_of(exposures, states, self.features, self.aggregates)


def off_policy_checks(
    shown: ShownLists,
    models: tuple[Path, Path | None],
    trained: TrainingPeriod | None,
    held_out_from: int | None,
    bound: Bound,
) -> list[Check]:
    """The checks.

    Args:
        shown: The log of lists.
        models: SavedModels of the candidate, and of the blessed model where there is one.
        trained: What trained the candidate.
        held_out_from: Time of the first held-out request, unix seconds.
        bound: On the candidate's gain over the blessed model.
    """
    try:
        if trained is None or trained.protocol != "time" or held_out_from is None:
            raise NoExposuresError("the split holds out no time of its own (`split.protocol`)")
        exposures, rows = shown.read(held_out_from)
    except NoExposuresError as error:
        return [_check(Bound(name=_VALUE), "", Estimate(None, math.nan, str(error)))]
    places = exposures.item.shape[1]
    lists = [lists_of(path, rows, places) for path in models if path is not None]
    return list(_estimated(exposures, lists, bound))


def _estimated(exposures: Exposures, lists: list[Lists], bound: Bound) -> Iterator[Check]:
    free = Bound(name=_VALUE)
    yield _check(free, "lists as they were shown:", as_logged(exposures))
    policies = [Policy.of(exposures, one) for one in lists]
    for who, policy in zip(("candidate", "blessed model"), policies, strict=False):
        for estimator, estimate in policy.values().items():
            yield _check(free, f"{who}, {estimator}:", estimate)
    if len(policies) > 1:
        yield _check(bound, "", policies[0].gain_over(policies[1]))


def _check(bound: Bound, subject: str, estimate: Estimate) -> Check:
    if estimate.gain is not None:
        value, lower, upper, _ = estimate.gain
        check = bound.check(value, subject=subject, interval=(lower, upper))
        return check.model_copy(update={"note": f"{estimate.users:,.0f} users in effect"})
    refused = bound.check(None, subject=subject)
    return refused.model_copy(update={"passed": True, "note": f"refused: {estimate.refused}"})


def _end(states: Path) -> int:
    """Time of the last behaviour that the states hold, unix seconds."""
    times = pl.scan_parquet(states).select(pl.col("history_time").list.max().max())
    return int(times.collect().item() or 0)
