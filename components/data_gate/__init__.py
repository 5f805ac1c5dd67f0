"""DataGate: holds the data and the rows built from it against bounds, and stops the run."""
