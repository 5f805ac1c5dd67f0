"""Events in, features out: the feature declarations, the fold and the batch jobs around it."""
