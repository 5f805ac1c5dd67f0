"""Configuration files in protobuf's text format, read strictly.

`tensorflow-serving-api` ships the messages of the model configuration but not those of batching,
monitoring and TLS. They are declared here with TensorFlow Serving's field names, so that the files
of `serving_config/` can be read and checked without its sources.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)

from serving.model_server.errors import StartError

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "sluice.serving"
_BOOL, _INT64, _TEXT = _FIELD.TYPE_BOOL, _FIELD.TYPE_INT64, _FIELD.TYPE_STRING
_OPTIONAL_INT64 = ".google.protobuf.Int64Value"
_OPTIONAL_TEXT = ".google.protobuf.StringValue"

# Message -> field -> scalar type, name of a message type, or [scalar type] where it repeats.
_MESSAGES: dict[str, dict[str, Any]] = {
    "BatchingParameters": {
        "max_batch_size": _OPTIONAL_INT64,
        "batch_timeout_micros": _OPTIONAL_INT64,
        "max_enqueued_batches": _OPTIONAL_INT64,
        "num_batch_threads": _OPTIONAL_INT64,
        "thread_pool_name": _OPTIONAL_TEXT,
        "allowed_batch_sizes": [_INT64],
        "pad_variable_length_inputs": _BOOL,
        "enable_large_batch_splitting": ".google.protobuf.BoolValue",
        "max_execution_batch_size": _OPTIONAL_INT64,
    },
    "PrometheusConfig": {"enable": _BOOL, "path": _TEXT},
    "MonitoringConfig": {"prometheus_config": f".{_PACKAGE}.PrometheusConfig"},
    "SSLConfig": {
        "server_key": _TEXT,
        "server_cert": _TEXT,
        "custom_ca": _TEXT,
        "client_verify": _BOOL,
    },
}


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(
        name="sluice/serving.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), start=1):
            added = message.field.add(name=field, number=number, label=_FIELD.LABEL_OPTIONAL)
            if isinstance(kind, str):
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, kind
            elif isinstance(kind, list):
                added.type, added.label = kind[0], _FIELD.LABEL_REPEATED
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return pool


def message(name: str) -> Any:
    """An empty message: BatchingParameters, MonitoringConfig or SSLConfig."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))()


def read_text_proto(path: Path, into: Any, flag: str, *, secret: bool = False) -> Any:
    """Parse a file into a message.

    Args:
        path: The file.
        into: The message to fill.
        flag: The flag that named the file, for the error.
        secret: Errors repeat nothing from the file.

    Returns:
        The message.

    Raises:
        StartError: The file cannot be read, or it is not such a message.
    """
    kind = into.DESCRIPTOR.name
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), into)
    except OSError as error:
        raise StartError(
            f"cannot read {path}: {error.strerror}. Correct {flag}, which names a {kind} file"
        ) from error
    except UnicodeDecodeError as error:
        raise StartError(
            f"{path} must be a {kind} in protobuf's text format, it is not UTF-8 text. "
            f"Correct the file, or {flag}"
        ) from error
    except text_format.ParseError as error:
        place = f"it is not at line {error.GetLine()}, column {error.GetColumn()}"
        raise StartError(
            f"{path} must be a {kind} in protobuf's text format: {place if secret else error}. "
            f"Correct the file, or {flag}"
        ) from (None if secret else error)
