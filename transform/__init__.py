"""Events in, features out: the feature declarations, the fold and the batch jobs around it."""

import os

# TFRS, TFT and TFMA need Keras 2, and TensorFlow chooses at its first import.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
