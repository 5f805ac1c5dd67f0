"""A person leaves everything that the pipeline has written, and the absence is proven."""
