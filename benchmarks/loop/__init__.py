"""The closed loop: from an event to the list that knows of it."""
