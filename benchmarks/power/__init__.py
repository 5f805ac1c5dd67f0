"""How small a step back the Verdict notices, and how often it is mistaken, on a simulated shop."""
