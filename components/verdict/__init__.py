"""The Verdict node: may this model be served."""
