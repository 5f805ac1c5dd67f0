"""Calls of a server that may be slow, busy or gone: deadlines, retries, hedges."""
