"""GZIP TFRecord files whose bytes depend on the records alone (and on the kind of processor)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import google_crc32c
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

# Training data is read many times more often than written, but the disk is not the bottleneck.
_COMPRESSION_LEVEL = 1
# Width of the window, and that the format is GZIP.
_GZIP = 16 + isal_zlib.MAX_WBITS
# Compressing many records in one call is cheaper than each in its own.
_RECORDS_AT_ONCE = 256
# What CRC-32C makes of each byte: its register starts at 0, and is not complemented in the end.
_TABLE = ~np.array([google_crc32c.extend(0xFFFFFFFF, bytes([n])) for n in range(256)], np.uint32)


def write_records(file: BinaryIO, records: Sequence[bytes]) -> None:
    """Writes records in TFRecord framing, compressed.

    The time stamp in the GZIP header is left empty, so that equal records give equal files.
    """
    stream = isal_zlib.compressobj(_COMPRESSION_LEVEL, isal_zlib.DEFLATED, _GZIP)
    for first in range(0, len(records), _RECORDS_AT_ONCE):
        file.write(stream.compress(_framed(records[first : first + _RECORDS_AT_ONCE])))
    file.write(stream.flush())


def _framed(records: Sequence[bytes]) -> bytes:
    """Records, each after its length and that one's checksum, and before its own."""
    lengths = np.array([len(record) for record in records], "<u8").view(np.uint8).reshape(-1, 8)
    heads = np.concatenate([lengths, _masked(_checksums(lengths))], axis=1).tobytes()
    tails = _masked(np.array([google_crc32c.value(record) for record in records], np.uint32))
    ends = tails.tobytes()
    parts: list[bytes] = []
    for number, record in enumerate(records):
        parts += (heads[12 * number : 12 * number + 12], record, ends[4 * number : 4 * number + 4])
    return b"".join(parts)


def _checksums(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """CRC-32C of each row of bytes, a column at a time."""
    crc = np.full(len(rows), 0xFFFFFFFF, np.uint32)
    for column in rows.T:
        crc = _TABLE[(crc ^ column) & 0xFF] ^ (crc >> np.uint32(8))
    return ~crc


def _masked(crc: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Checksums masked as the TFRecord format asks for, as rows of four bytes."""
    mixed = (crc >> np.uint32(15) | crc << np.uint32(17)) + np.uint32(0xA282EAD8)
    return mixed.astype("<u4").view(np.uint8).reshape(-1, 4)
