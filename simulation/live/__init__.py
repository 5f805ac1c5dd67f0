"""The shop while it is open: its users ask for lists, see what is served, and react to it.

Whoever serves it (`python -m simulation.live` speaks lines of JSON) learns what an application of a
real shop would learn, and at the end of a day the truth about the lists that were shown.
"""
