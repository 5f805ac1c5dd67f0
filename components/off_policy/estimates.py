"""What the lists of models would have earned, estimated from the lists of a log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.off_policy.estimators import Terms, doubly_robust, ips, snips
from components.off_policy.exposures import Exposures
from components.off_policy.logged import Logged
from components.off_policy.rewards import predicted
from components.off_policy.value import NoOverlapError, lead, overlap, value
from components.off_policy.weights import independent
from trainer.metrics.paired_bootstrap import Gain

Lists = npt.NDArray[np.object_]
SNIPS = "self-normalised"


@dataclass(frozen=True)
class Estimate:
    """An estimate, or why there is none.

    Attributes:
        gain: The value and its interval; None where it is refused.
        users: Users who carry it, in effect (`weights.effective_users`).
        refused: Why there is none; "" where there is.
    """

    gain: Gain | None
    users: float
    refused: str = ""


@dataclass(frozen=True)
class Policy:
    """What a model would have shown, held against the log.

    Attributes:
        log: The log, with 1 where the model puts the same item and 0 elsewhere.
        terms: Estimator -> its terms.
    """

    log: Logged
    terms: Mapping[str, Terms]

    @classmethod
    def of(cls, exposures: Exposures, lists: Lists) -> Policy:
        """The policy of a model whose lists are known.

        A list of the log that is shorter cuts that of the model, too.

        Args:
            exposures: The log.
            lists: What the model shows on the same requests [N, K].
        """
        item = exposures.item
        target = ((lists == item) | (item == "")).astype(np.float64)
        _, user = np.unique(exposures.user_id, return_inverse=True)
        log = Logged(user, exposures.reward, exposures.propensity, target)
        weights = independent(log)
        shown = np.where(item == "", "", lists)
        number = np.unique(np.concatenate([item, shown]).astype(str), return_inverse=True)[1]
        chosen, shown = np.split(number.reshape(-1, item.shape[1]), 2)
        model = predicted(user, chosen, exposures.reward, shown, item != "")
        terms = {
            "inverse propensities": ips(weights, log.reward),
            SNIPS: snips(weights, log.reward),
            "doubly robust": doubly_robust(weights, log.reward, model),
        }
        return cls(log, terms)

    def values(self) -> dict[str, Estimate]:
        """Estimator -> deeds that a list of the model earns."""
        found = {}
        for name, terms in self.terms.items():
            users = overlap(terms, self.log.user).users
            try:
                found[name] = Estimate(value(terms, self.log.user), users)
            except NoOverlapError as error:
                found[name] = Estimate(None, users, str(error))
        return found

    def gain_over(self, other: Policy) -> Estimate:
        """By how much its lists earn more than those of another, as a share of the other's."""
        ours, theirs = self.terms[SNIPS], other.terms[SNIPS]
        user = self.log.user
        users = min(overlap(terms, user).users for terms in (ours, theirs))
        try:
            base = value(theirs, user).value
            if not base > 0.0:
                return Estimate(None, users, "the other model's lists earn nothing")
            absolute = lead(ours, theirs, user)
        except NoOverlapError as error:
            return Estimate(None, users, str(error))
        return Estimate(Gain(*(part / base for part in absolute)), users)


def as_logged(exposures: Exposures) -> Estimate:
    """What the lists earned as they were shown."""
    _, user = np.unique(exposures.user_id, return_inverse=True)
    terms = ips(np.ones_like(exposures.reward), exposures.reward)
    users = overlap(terms, user).users
    try:
        return Estimate(value(terms, user), users)
    except NoOverlapError as error:
        return Estimate(None, users, str(error))
