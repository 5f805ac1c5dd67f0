"""Boosted trees, in an environment of their own."""
