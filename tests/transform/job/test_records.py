"""TFRecord files."""

import gzip
import io
import struct
import time

from transform.job.records import write_records


def written(records):
    file = io.BytesIO()
    write_records(file, records)
    return file.getvalue()


def test_the_framing_is_length_checksum_data_checksum():
    content = gzip.decompress(written([b"abc", b""]))
    length, _, data, _ = struct.unpack_from("<QI3sI", content)
    assert (length, data) == (3, b"abc")
    assert len(content) == (8 + 4 + 3 + 4) + (8 + 4 + 0 + 4)


def test_the_checksum_is_masked_crc32c():
    # CRC-32C of eight zero bytes is 0x8C28B28A; masked as the TFRecord format says.
    crc = 0x8C28B28A
    masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    content = gzip.decompress(written([b"", bytes(8)]))
    assert struct.unpack_from("<I", content, 8)[0] == masked  # of the length 0
    assert struct.unpack("<I", content[-4:])[0] == masked  # of the eight zero bytes


def test_equal_records_give_equal_files_at_any_time(monkeypatch):
    first = written([b"abc"])
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    assert written([b"abc"]) == first
