"""The sections of the page: each turns the facts into what its template of the same name prints."""
