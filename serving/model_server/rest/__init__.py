"""The REST API: JSON over HTTP, with TensorFlow Serving's routes and conventions."""
