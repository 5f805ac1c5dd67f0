"""The batch job: a log of any size in partitions and stages, from files to examples."""
