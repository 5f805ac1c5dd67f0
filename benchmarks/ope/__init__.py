"""Whether off-policy estimates are right: against a shop with known truth, and on a real log."""
