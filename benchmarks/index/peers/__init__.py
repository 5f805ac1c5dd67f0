"""faiss and hnswlib, in an environment of their own."""
