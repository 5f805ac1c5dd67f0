"""The ServingValidator node: does a real server answer with this model as it must."""
