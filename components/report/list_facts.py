"""What a sample of users is shown: facts of the report."""

from __future__ import annotations

from components.report.finite import Number
from transform.settings import Frozen


class ShownItem(Frozen):
    """One place of a list.

    Attributes:
        item_id: The item.
        title: What a person calls it; its id where it has no title.
        score: The served probability.
        retrieval_place: Its place, from 1, had the retriever alone ordered the served list.
        old_place: Its place in the list of the model blessed before; None if it is not in there.
        after: Title of the item of the user's recent history that it follows most often in the
            log, which makes it a candidate of the co-view source; "" where it follows none, so that
            only the two-tower source can have brought it.
        target: Whether the user took it next.
    """

    item_id: str
    title: str
    score: Number
    retrieval_place: int
    old_place: int | None
    after: str
    target: bool


class OldItem(Frozen):
    """One place of the list of the model blessed before, and where the item stands now."""

    item_id: str
    title: str
    new_place: int | None


class SampledRequest(Frozen):
    """One held-out request with its lists.

    Attributes:
        user_id: Who asked.
        request_time: When, unix seconds.
        history: Titles of the latest items of the user's history, latest first.
        history_length: Length of the whole history.
        target: Title of what the user took next.
        new: The first places of the candidate's list.
        old: Those of the model blessed before; empty where there is none.
    """

    user_id: str
    request_time: int
    history: tuple[str, ...]
    history_length: int
    target: str
    new: tuple[ShownItem, ...]
    old: tuple[OldItem, ...]


class Movement(Frozen):
    """An item that is shown to more, or fewer, of the sampled users than before."""

    item_id: str
    title: str
    old: int
    new: int


class ListChange(Frozen):
    """How the lists of all sampled requests changed since the model blessed before.

    Attributes:
        kept: Mean share of the old list's first places that are still among the first places.
        same_first: Share of requests whose first item stayed.
        same_list: Share of requests whose first places are the same, in the same order.
        movements: Items whose number of lists changed most, the largest change first.
    """

    kept: float
    same_first: float
    same_list: float
    movements: tuple[Movement, ...]


class ListSample(Frozen):
    """Lists of a seeded sample of held-out requests.

    Attributes:
        depth: How many places count as shown.
        sampled: Number of requests in the sample.
        moved_in: Mean share of the shown places that the retriever alone would not have shown.
        change: Against the model blessed before; None where there is none.
        requests: The first ones of the sample, in full.
    """

    depth: int
    sampled: int
    moved_in: float
    change: ListChange | None
    requests: tuple[SampledRequest, ...]
