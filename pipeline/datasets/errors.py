"""The error of a data set that cannot be fetched."""


class FetchError(Exception):
    """A data set cannot be had; the message says why and what to do."""
