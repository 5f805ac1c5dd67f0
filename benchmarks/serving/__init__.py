"""The model server under load: what it adds, how much it bears, and what callers see meanwhile."""
