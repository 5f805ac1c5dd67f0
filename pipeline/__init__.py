"""What runs, in which order, with which settings."""
