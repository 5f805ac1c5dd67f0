"""Metrics of the evaluation: what a user would really be shown, and how good the scores are.

`ranks` and `scores` hold the formulas in plain NumPy; the other modules carry them into TFMA.
"""
