"""The composed recommender: retriever, ranker, index and calibration in one SavedModel."""
