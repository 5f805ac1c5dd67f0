"""The models: retriever, ranker, and the recommender composed of both."""

import os

# TFRS, TFT and TFMA need Keras 2, and TensorFlow chooses at its first import.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
