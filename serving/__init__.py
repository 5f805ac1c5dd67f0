"""The online side: the embedded model server and the clients that call it."""
