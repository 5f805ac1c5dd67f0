"""Logs into written examples: how fast, how large, and how exact, beside PySpark and plain Beam."""
