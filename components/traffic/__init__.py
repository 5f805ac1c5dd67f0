"""Traffic: what users were shown and did lately, measured on the log of the stream."""
