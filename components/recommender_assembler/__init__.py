"""RecommenderAssembler: retriever, ranker, index and calibration become one SavedModel."""
