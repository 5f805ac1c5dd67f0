"""Where a pipeline runs: the environment of its nodes, and nothing about what they do."""
