"""How good the composed path's lists are, beside open recommenders on the same logs."""
