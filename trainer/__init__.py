"""The models: retriever, ranker, and the recommender composed of both."""
