"""The online side: the embedded model server and the clients that call it."""

import os

# Every process that comes to TensorFlow through this package must take Keras 2, and the choice is
# read once, when TensorFlow is first imported. This package is always imported before that.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
