"""The Baselines node: what simple recommenders achieve on the same held-out requests."""
