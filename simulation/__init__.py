"""A seeded shop: event logs of any size whose truth is known."""
