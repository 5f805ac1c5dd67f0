"""A first settings file, written by looking at the user's own tables (`sluice init`)."""
