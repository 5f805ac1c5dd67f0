"""RecTools' sequential models and implicit's matrix factorisations, in their own environment."""
