"""The error of tables from which no settings can be written."""


class InitError(Exception):
    """No settings file can be written; the message says why and what to do."""
