"""GZIP TFRecord files whose bytes depend on the records alone."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from typing import BinaryIO

import google_crc32c

# Training data is read many times more often than written, but the disk is not the bottleneck.
_COMPRESSION_LEVEL = 1
# Compressing many records in one call is cheaper than each in its own.
_RECORDS_AT_ONCE = 256


def write_records(file: BinaryIO, records: Sequence[bytes]) -> None:
    """Writes records in TFRecord framing, compressed.

    The time stamp in the GZIP header is left empty, so that equal records give equal files.
    """
    with gzip.GzipFile(
        filename="", mode="wb", compresslevel=_COMPRESSION_LEVEL, fileobj=file, mtime=0
    ) as stream:
        for first in range(0, len(records), _RECORDS_AT_ONCE):
            stream.write(b"".join(map(_framed, records[first : first + _RECORDS_AT_ONCE])))


def _framed(record: bytes) -> bytes:
    length = struct.pack("<Q", len(record))
    return b"".join((length, _checksum(length), record, _checksum(record)))


def _checksum(data: bytes) -> bytes:
    """Masked CRC-32C, as the TFRecord format asks for."""
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
