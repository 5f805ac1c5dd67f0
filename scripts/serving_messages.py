"""Writes the descriptions of TensorFlow Serving's messages that the thin client carries.

Run it again when `tensorflow-serving-api` or TensorFlow changes:

    python scripts/serving_messages.py serving/wire/tensorflow_serving.binpb
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2

ROOTS = (predict_pb2, get_model_metadata_pb2, get_model_status_pb2)


def descriptor_set() -> bytes:
    """A serialized FileDescriptorSet: the files of ROOTS and all they import, imports first."""
    files: dict[str, descriptor_pb2.FileDescriptorProto] = {}
    for root in ROOTS:
        _add(root.DESCRIPTOR, files)
    return descriptor_pb2.FileDescriptorSet(file=files.values()).SerializeToString()


def _add(file: Any, files: dict[str, descriptor_pb2.FileDescriptorProto]) -> None:
    if file.name in files:
        return
    for imported in file.dependencies:
        _add(imported, files)
    files[file.name] = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(files[file.name])


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(descriptor_set())
