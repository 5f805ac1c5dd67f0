"""A model server with TensorFlow Serving's API, gRPC and REST, in Python, for laptops and tests.

In production the unmodified TensorFlow Serving binary or image reads the same directories and
answers the same calls (see `serving_config/`); this package stands in where there is none.
"""
