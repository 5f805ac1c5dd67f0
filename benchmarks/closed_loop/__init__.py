"""What the closed loop withstands: drift, cold users, a broken column, an outage, many days."""
