"""Lists of made-up users, before and after, for the tests of the page."""

from components.report.list_changes import Knowledge, Request, Served, list_sample

TITLES = {f"m{i}": f"The Film Number {i} of a Long Series ({1960 + i})" for i in range(60)}


def served(*numbers):
    """A list of the films with these numbers; the retriever would have ordered them by number."""
    count = len(numbers)
    return Served(
        items=tuple(f"m{i}" for i in numbers),
        scores=tuple(0.2 - 0.001 * place for place in range(count)),
        retrieval_scores=tuple(-float(i) for i in numbers),
    )


def sample(users=14, *, compared=True):
    """`users` requests; the new list is the old one with its last film first."""
    old = [served(*range(user, user + 14)) for user in range(users)]
    new = [served(user + 13, *range(user, user + 13)) for user in range(users)]
    requests = [
        Request(f"user {user}", 893_286_638, ("m59", "m58", "m57"), f"m{user}")
        for user in range(users)
    ]
    knowledge = Knowledge(TITLES, {("m58", "m13"): 2.0, ("m57", "m13"): 1.0}, recent_events=20)
    return list_sample(requests, new, old if compared else None, knowledge)
