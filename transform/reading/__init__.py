"""The data contract: files of any kind in, normalised datasets and dead letters out."""
