"""The users' states online: the fold goes on with live events and fills the requests."""
