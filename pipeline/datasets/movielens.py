"""MovieLens-100k: 100,000 ratings of films by 943 users."""

from __future__ import annotations

from pathlib import Path

from pipeline.datasets.cached import Fetched, Tables, fetch_once
from pipeline.datasets.movielens_sources import RECBOLE, from_archive, from_wheel

NAME = "movielens-100k"
TERMS = (
    "MovieLens-100k belongs to GroupLens Research at the University of Minnesota. Research use is "
    "free; it may not be redistributed, nor used commercially, without their permission, so it is "
    "kept outside your project: do not commit it. Publications cite F. M. Harper and "
    'J. A. Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.'
)


def fetch(cache: Path, archive: Path | None = None) -> Fetched:
    """Brings MovieLens-100k into `cache`/movielens-100k; see `fetch_once`.

    Args:
        cache: The cache folder.
        archive: GroupLens' ml-100k.zip, where it was downloaded by hand; None takes the copy
            inside the `recbole` package.

    Raises:
        FetchError: It cannot be had, or is not what it should be. Nothing is written then.
    """

    def load() -> tuple[Tables, str]:
        if archive is not None:
            return from_archive(archive), str(archive)
        return from_wheel(RECBOLE.fetch()), f"the Python package {RECBOLE.requirement}"

    return fetch_once(cache, NAME, load)
