"""The index inside the graph, beside exact search and the libraries for it."""
