"""Whether two sides wrote the same rows: a digest of every feature that ignores the order of rows.

Left out is what is sampled: the candidates of held-out rows and what hangs on them; and the columns
that only slice Sluice's evaluation, which the peers do not write. Lists that belong to candidates
are compared as sets of pairs. An empty list counts as an absent feature.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from benchmarks.data.job import CATALOGUE, EVAL, RANKING, TRAIN, VALIDATION, Job

SPLITS = (TRAIN, RANKING, VALIDATION, EVAL, CATALOGUE)
ROWS = "#rows"
_CANDIDATE = "candidate_item_id"
_SLICING = {"is_repeat", "target_age", "target_popularity", "request_hour", "request_weekday"}
_GZIP = b"\x1f\x8b"
_MODULUS = 1 << 128

# split -> feature -> digest.
Digests = dict[str, dict[str, str]]


def digests(folder: Path, job: Job) -> Digests:
    """Digests of everything a side wrote that is not sampled.

    Args:
        folder: Where the `Split-NAME` folders lie.
        job: The job, which names the features that belong to candidates.
    """
    return {split: _split_digests(folder / f"Split-{split}", split, job) for split in SPLITS}


def differences(one: Digests, other: Digests) -> list[str]:
    """`split/feature` of every feature in which two sides differ."""
    return sorted(
        f"{split}/{name}"
        for split in SPLITS
        for name in one[split].keys() | other[split].keys()
        if one[split].get(name) != other[split].get(name)
    )


def read_records(folder: Path) -> Iterator[bytes]:
    """Records of all TFRecord files of a folder, compressed or not."""
    for file in sorted(folder.glob("[!.]*")):
        content = file.read_bytes()
        data = zlib.decompress(content, 31) if content.startswith(_GZIP) else content
        place = 0
        while place < len(data):
            (length,) = struct.unpack_from("<Q", data, place)
            yield data[place + 12 : place + 12 + length]
            place += length + 16


def decode(record: bytes) -> dict[str, list[bytes] | list[int] | list[float]]:
    """Feature -> its values; an empty list is left out."""
    decoded = {}
    for name, feature in tf.train.Example.FromString(record).features.feature.items():
        if kind := feature.WhichOneof("kind"):
            values = list(getattr(feature, kind).value)
            if values:
                decoded[name] = values
    return decoded


def _split_digests(folder: Path, split: str, job: Job) -> dict[str, str]:
    aligned = {aggregate.name for aggregate in job.aggregates_of("item")}
    aligned |= {"label", "candidate_probability", *(f"label_{kind}" for kind in job.label_types)}
    sampled = aligned | {_CANDIDATE} if split in (VALIDATION, EVAL) else set()
    sums: defaultdict[str, int] = defaultdict(int)
    rows = 0
    for record in read_records(folder):
        row = decode(record)
        # Rows of a user may share everything but one feature: the key keeps features together.
        key = repr([row.get(name) for name in ("user_id", "request_time", "item_id")])
        for name, values in row.items():
            if name in sampled or name in _SLICING:
                continue
            if name in aligned and _CANDIDATE in row:
                shown: object = sorted(zip(row[_CANDIDATE], values, strict=True))
            else:
                shown = sorted(values) if name == _CANDIDATE else values
            sums[name] = (sums[name] + _hash(f"{key}{shown!r}")) % _MODULUS
        rows += 1
    return {ROWS: str(rows), **{name: f"{total:032x}" for name, total in sorted(sums.items())}}


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")
