"""EventExampleGen: behaviour logs in, point-in-time examples out."""
