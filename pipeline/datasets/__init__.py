"""Public data sets that `sluice data fetch` brings in."""
