"""Lists by the arms of their users: from another version, or drafted from those of two."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping

from serving import contract
from serving.calls.errors import ServingError
from serving.experiments.assignment import Assignment, assign, told
from serving.experiments.interleaving import team_draft
from serving.experiments.plan import Experiment
from serving.experiments.plan_file import PlanFile
from serving.flows import Flow, hurried
from serving.query import Query, Recommendation
from serving.served_model import Answered, ServedModel

_SHARE = 0.5  # of the time of a request, for a version that is tried out
_NOBODY = Assignment()


@dataclasses.dataclass(frozen=True)
class ArmList:
    """A list as the arms of its user make it.

    Attributes:
        items: The items, best first.
        version: Version of the model that answered; of a drafted list, the control's.
        teams: Item -> `experiment=arm` of the list it was drafted from; empty for other lists.
        reason: Why the arm's own version did not answer; "" where it did.
    """

    items: tuple[Recommendation, ...]
    version: int
    teams: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reason: str = ""


class ArmFlows:
    """The flows of one model under experiments.

    Args:
        model: The model as everybody gets it who is in no experiment.
        plan: The experiments; None for none.
    """

    def __init__(self, model: ServedModel, plan: PlanFile | None) -> None:
        self._model = model
        self._plan = plan
        self._labelled = {model.label: model}
        self._rng = random.Random()  # noqa: S311 -- it draws lots, and guards nothing

    def assign(self, user_id: str) -> Assignment:
        """What the experiments of now make of a user's requests."""
        return _NOBODY if self._plan is None else assign(self._plan.current(), user_id)

    def recommend(self, query: Query, k: int, assigned: Assignment) -> Flow[ArmList]:
        """A list as the assignment says.

        A version that is tried out takes nothing from its users: where it gives no answer, the
        default answers. So does the log: it tells of the arm that the user is in, and comparing
        arms by it stays fair.
        """
        k = assigned.k or k
        if assigned.interleaved is not None:
            return (yield from self._draft(query, k, assigned.interleaved))
        answer, reason = yield from self._ask(query, k, assigned.label)
        return ArmList(tuple(answer.value[0]), answer.version, reason=reason)

    def _ask(
        self, query: Query, k: int, label: str
    ) -> Flow[tuple[Answered[list[list[Recommendation]]], str]]:
        question, reason = contract.recommend([query], k), ""
        if label and label != self._model.label:
            model = self._labelled.setdefault(label, ServedModel(self._model.name, label))
            try:
                return (yield from hurried(model.ask(question), _SHARE)), ""
            except ServingError as error:
                reason = str(error)
        return (yield from self._model.ask(question)), reason

    def _draft(self, query: Query, k: int, experiment: Experiment) -> Flow[ArmList]:
        control, treatment = experiment.arms
        first, reason = yield from self._ask(query, k, control.label)
        if not reason:
            second, reason = yield from self._ask(query, k, treatment.label)
        if reason:
            return ArmList(tuple(first.value[0]), first.version, reason=reason)
        lists = [[(item.item_id, item) for item in one.value[0]] for one in (first, second)]
        drafted = team_draft(lists[0], lists[1], k, self._rng)
        teams = {
            item.item_id: told(experiment.name, experiment.arms[team].name)
            for item, team in drafted
            if team is not None
        }
        return ArmList(tuple(item for item, _ in drafted), first.version, teams)
