"""Two runs side by side, out of what their reports say."""
