"""Off-policy evaluation: what a policy would have earned, from the log of another.

A policy here is whoever decides what stands at each place of a list. The log must say with which
probability it put each item where it did; it then tells what any policy that chooses among the same
items would have earned, without a user having seen it.
"""
