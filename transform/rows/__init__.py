"""The rows of the examples, in columns: what the fold shows before each request."""
