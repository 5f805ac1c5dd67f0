"""A seeded shop: behaviour logs of any size whose truth is known.

It meets the rest of the project only through files and gRPC, so a claim that holds in the
simulation was not helped by sharing code with what it judges.
"""
