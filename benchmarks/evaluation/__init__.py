"""`make bench-evaluation`: how fast the composed path is evaluated."""
