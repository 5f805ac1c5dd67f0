"""Artifacts in object storage: whole folders up and down, and copies for those who use them."""
