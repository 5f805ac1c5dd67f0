"""TensorFlow Serving's gRPC messages and methods, without TensorFlow."""
