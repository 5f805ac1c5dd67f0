"""The PySpark peer. Everything here but `environment.py` runs in an environment of its own."""
