"""How fast the retriever learns, beside others that learn from the same windows."""
