"""The verbs of the `sluice` command, one file each. Heavy imports happen inside the functions."""
