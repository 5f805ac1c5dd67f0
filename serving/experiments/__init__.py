"""Who is in which arm of which experiment, decided where the request is made."""
