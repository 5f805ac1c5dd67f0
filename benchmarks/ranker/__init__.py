"""How true the ranker's probabilities are, beside boosted trees on the same rows."""
