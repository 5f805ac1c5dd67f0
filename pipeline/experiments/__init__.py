"""Experiments: what the settings say of them, and their way to the clients."""
