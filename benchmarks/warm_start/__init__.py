"""Whether a short training that starts warm is as good as a long one that starts cold."""
