"""Continuous training on this machine: which span is due, one run at a time, and a diary of it."""

SETTLE_MINUTES = 15  # a day is complete so long after its end, unless somebody says otherwise
