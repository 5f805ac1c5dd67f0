"""Which values to try next: KerasTuner's Bayesian optimization over the space of the settings."""

from __future__ import annotations

from typing import Any

import keras_tuner
from keras_tuner.engine.trial import TrialStatus
from keras_tuner.oracles import BayesianOptimizationOracle

from trainer.settings import TrainingSettings
from trainer.tuning.settings import Range, TuningSettings


class Oracle(BayesianOptimizationOracle):
    """First the settings as they stand, then values at random, then where more is expected.

    The expectation is that of a Gaussian process over the trials so far (Snoek, Larochelle, Adams,
    2012: Practical Bayesian Optimization of Machine Learning Algorithms); the same scores lead to
    the same values. No values are tried twice.
    """

    def __init__(
        self, settings: TrainingSettings, tuning: TuningSettings, objective: str, seed: int
    ) -> None:
        """Takes the settings, the search over them, the name of what it maximises and a seed."""
        super().__init__(
            keras_tuner.Objective(objective, "max"),
            max_trials=tuning.trials,
            seed=abs(seed) + 1,  # KerasTuner takes 0 for none, and draws one
            hyperparameters=_hyperparameters(settings, tuning),
            # A failed trial ends no search, however many came before it.
            max_consecutive_failed_trials=tuning.trials + 1,
        )
        self.verbose = 0

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Values of the next trial; none where the space is used up."""
        if not self.trials:
            own = {one.name: one.default for one in self.hyperparameters.space}
            return {"status": TrialStatus.RUNNING, "values": own}
        proposed: dict[str, Any] = super().populate_space(trial_id)
        if proposed["values"] in [trial.hyperparameters.values for trial in self.trials.values()]:
            proposed = self._random_populate_space()
        return proposed


def _hyperparameters(
    settings: TrainingSettings, tuning: TuningSettings
) -> keras_tuner.HyperParameters:
    """The space as KerasTuner has it, with the settings' own values where it holds them."""
    space = keras_tuner.HyperParameters()
    for name, values in tuning.space.items():
        own, whole = getattr(settings, name), type(settings).model_fields[name].annotation is int
        if isinstance(values, Range):
            add = space.Int if whole else space.Float
            default = own if values.min <= own <= values.max else None
            add(name, values.min, values.max, sampling=values.scale, default=default)
        else:
            known = [float(v) for v in values] if isinstance(own, float) else list(values)
            space.Choice(name, known, default=own if own in known else None)
    return space
