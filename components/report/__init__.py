"""Report: what a run did and why its model passed or not, on one page for an analyst."""
