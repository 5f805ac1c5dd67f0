"""Side-by-side runs against peers; each prints its table and writes JSON."""
