"""The error that bad data raises."""

from __future__ import annotations


class DataError(ValueError):
    """The user's data breaks a rule of the data contract.

    The message says the rule, the value received and what to do; it is meant to be shown without
    a traceback.
    """
