"""Trainings that go on from the weights of an earlier model."""
