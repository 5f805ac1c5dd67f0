"""Search for the settings of a training: trials, which of them was best, and its values."""
