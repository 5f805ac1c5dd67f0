"""Trained towers over a catalogue that has changed since: new items by their content."""
