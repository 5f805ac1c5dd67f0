"""How long it takes until a new item can be retrieved from what is served."""
