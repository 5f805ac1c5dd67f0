"""The whole product around a simulated shop: served, logged, retrained and judged, day after day.

The shop is a process of its own (`python -m simulation.live`): nothing here knows what it knows.
"""
