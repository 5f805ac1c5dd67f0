"""Stands for an image whose workers do as they are ordered, in the place of training."""
