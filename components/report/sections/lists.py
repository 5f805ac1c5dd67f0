"""What users are shown: how the lists changed, and one user after the other."""

from __future__ import annotations

from dataclasses import dataclass

from components.report.clock import moment
from components.report.facts import Facts
from components.report.list_facts import ListSample, OldItem, SampledRequest, ShownItem
from components.report.numbers import number, share


@dataclass(frozen=True)
class NewRow:
    """One place of the new list."""

    place: int
    title: str
    target: bool
    score: str
    retrieval: str
    ranker: str
    source: str
    before: str


@dataclass(frozen=True)
class OldRow:
    """One place of the old list."""

    place: int
    title: str
    now: str


@dataclass(frozen=True)
class User:
    """One request with both lists."""

    user: str
    asked: str
    history: str
    target: str
    found: str
    new: tuple[NewRow, ...]
    old: tuple[OldRow, ...]


def sentences(facts: Facts) -> list[str]:
    """How far the ranker departs from the retriever, and the lists from those before."""
    sample = facts.lists
    if sample is None:
        return []
    found = [
        f"Of the first {sample.depth} places, {share(sample.moved_in, 1)} hold an item that the "
        f"retriever alone would not have shown there, over {sample.sampled:,} sampled requests."
    ]
    change = sample.change
    if change is None:
        return [*found, "No model was blessed before: there are no older lists to compare with."]
    return [
        *found,
        f"Against the model blessed before, {share(change.kept, 1)} of the shown items stayed; "
        f"{share(change.same_first, 1)} of the lists kept their first item, and "
        f"{share(change.same_list, 1)} are the same, place by place.",
    ]


def users(facts: Facts) -> list[User]:
    """The requests that are shown in full."""
    sample = facts.lists
    return [] if sample is None else [_user(request, sample) for request in sample.requests]


def _user(request: SampledRequest, sample: ListSample) -> User:
    more = request.history_length - len(request.history)
    history = ", ".join(request.history) or "nothing yet"
    places = [place for place, item in enumerate(request.new, 1) if item.target]
    return User(
        user=request.user_id,
        asked=moment(request.request_time),
        history=f"{history} and {more:,} earlier" if more > 0 else history,
        target=request.target,
        found=f"in place {places[0]}" if places else f"not among the first {sample.depth}",
        new=tuple(
            _new(place, item, compared=sample.change is not None)
            for place, item in enumerate(request.new, 1)
        ),
        old=tuple(_old(place, item) for place, item in enumerate(request.old, 1)),
    )


def _new(place: int, item: ShownItem, *, compared: bool) -> NewRow:
    return NewRow(
        place=place,
        title=item.title,
        target=item.target,
        score=number(item.score),
        retrieval=f"{item.retrieval_place}.",
        ranker=_move(item.retrieval_place, place),
        source=f"two-tower or co-view, after {item.after}" if item.after else "two-tower",
        before=_before(place, item.old_place) if compared else "",
    )


def _old(place: int, item: OldItem) -> OldRow:
    if item.new_place is None:
        return OldRow(place, item.title, "gone")
    return OldRow(place, item.title, f"{item.new_place}. {_move(place, item.new_place)}")


def _before(place: int, old_place: int | None) -> str:
    return "new" if old_place is None else f"{old_place}. {_move(old_place, place)}"


def _move(start: int, end: int) -> str:
    """A move within a list as a sign and a number: readable without colour."""
    if start == end:
        return "="
    return f"↑ {start - end}" if end < start else f"↓ {end - start}"
