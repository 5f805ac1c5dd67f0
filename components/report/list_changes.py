"""Lists of two models on the same requests -> what changed, and what moved each item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.report.list_facts import (
    ListChange,
    ListSample,
    Movement,
    OldItem,
    SampledRequest,
    ShownItem,
)

DEPTH = 10  # places that count as shown
_IN_FULL = 12  # requests shown in full
_HISTORY = 5  # items of a history that are named
_MOVEMENTS = 10


@dataclass(frozen=True)
class Request:
    """A held-out request; the history is oldest first."""

    user_id: str
    request_time: int
    history: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class Served:
    """A served list, best first, without padding; three sequences of one length."""

    items: tuple[str, ...]
    scores: tuple[float, ...]
    retrieval_scores: tuple[float, ...]

    @property
    def retrieval_places(self) -> dict[str, int]:
        """Place of each item, from 1, by retrieval score; equals keep the served order."""
        pairs = zip(self.retrieval_scores, self.items, strict=True)
        ordered = sorted(pairs, key=lambda pair: -pair[0])
        return {item: place for place, (_, item) in enumerate(ordered, 1)}


@dataclass(frozen=True)
class Knowledge:
    """What makes lists readable.

    Attributes:
        titles: Item id -> title, for items that have one.
        followed: (item of a history, follower) -> how strongly the log says that it follows.
        recent_events: How many events at the end of a history ask for what follows them.
    """

    titles: Mapping[str, str]
    followed: Mapping[tuple[str, str], float]
    recent_events: int

    def title(self, item: str) -> str:
        """The title of an item, or its id."""
        return self.titles.get(item, item)


def list_sample(
    requests: Sequence[Request],
    new: Sequence[Served],
    old: Sequence[Served] | None,
    knowledge: Knowledge,
) -> ListSample | None:
    """The facts of a sample.

    Args:
        requests: The sampled requests.
        new: The candidate's list for each.
        old: That of the model blessed before; None where there is none.
        knowledge: Titles and co-views.

    Returns:
        None for an empty sample.
    """
    if not requests:
        return None
    befores: Sequence[Served | None] = [None] * len(requests) if old is None else old
    rows = zip(requests[:_IN_FULL], new, befores, strict=False)
    return ListSample(
        depth=DEPTH,
        sampled=len(requests),
        moved_in=sum(map(_moved_in, new)) / len(new),
        change=None if old is None else _change(new, old, knowledge),
        requests=tuple(_request(*row, knowledge) for row in rows),
    )


def _moved_in(served: Served) -> float:
    """Share of the shown places that hold an item from below them in the retriever's order."""
    places = served.retrieval_places
    shown = served.items[:DEPTH]
    return sum(places[item] > DEPTH for item in shown) / max(len(shown), 1)


def _change(new: Sequence[Served], old: Sequence[Served], knowledge: Knowledge) -> ListChange:
    pairs = [(o.items[:DEPTH], n.items[:DEPTH]) for o, n in zip(old, new, strict=True)]
    counts = [Counter(item for pair in pairs for item in pair[side]) for side in (0, 1)]
    moved = {item: counts[1][item] - counts[0][item] for item in (*counts[0], *counts[1])}
    most = sorted(moved, key=lambda item: (-abs(moved[item]), item))
    return ListChange(
        kept=sum(len({*o} & {*n}) / max(len(o), 1) for o, n in pairs) / len(pairs),
        same_first=sum(o[:1] == n[:1] for o, n in pairs) / len(pairs),
        same_list=sum(o == n for o, n in pairs) / len(pairs),
        movements=tuple(
            Movement(
                item_id=item,
                title=knowledge.title(item),
                old=counts[0][item],
                new=counts[1][item],
            )
            for item in most[:_MOVEMENTS]
            if moved[item]
        ),
    )


def _request(
    request: Request, new: Served, old: Served | None, knowledge: Knowledge
) -> SampledRequest:
    before = () if old is None else old.items
    old_places = {item: place for place, item in enumerate(before, 1)}
    new_places = {item: place for place, item in enumerate(new.items, 1)}
    retrieval = new.retrieval_places
    shown = zip(new.items[:DEPTH], new.scores, strict=False)
    return SampledRequest(
        user_id=request.user_id,
        request_time=request.request_time,
        history=tuple(knowledge.title(item) for item in request.history[::-1][:_HISTORY]),
        history_length=len(request.history),
        target=knowledge.title(request.target),
        new=tuple(
            ShownItem(
                item_id=item,
                title=knowledge.title(item),
                score=score,
                retrieval_place=retrieval[item],
                old_place=old_places.get(item),
                after=_after(request.history, item, knowledge),
                target=item == request.target,
            )
            for item, score in shown
        ),
        old=tuple(
            OldItem(item_id=item, title=knowledge.title(item), new_place=new_places.get(item))
            for item in before[:DEPTH]
        ),
    )


def _after(history: Sequence[str], item: str, knowledge: Knowledge) -> str:
    """Title of the item of a history that another one follows most; "" where it follows none."""
    recent = history[-knowledge.recent_events :]
    weights = {seen: knowledge.followed.get((seen, item), 0.0) for seen in recent}
    strongest = max(weights, key=lambda seen: weights[seen], default=None)
    if strongest is None or not weights[strongest]:
        return ""
    return knowledge.title(strongest)
