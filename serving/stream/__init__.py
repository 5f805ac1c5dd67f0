"""The event stream: what users are shown and do, into their states at once and into the log."""
