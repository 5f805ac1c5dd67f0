"""Continuous training on this machine: which span is due, one run at a time, and a diary of it."""
