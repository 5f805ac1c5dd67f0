"""Object storage for tests: `toy://bucket/...` lies in a local folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from apache_beam.io.filesystem import FileMetadata, FileSystem

ROOT: dict[str, Path] = {}


class ToyStorage(FileSystem):
    """A Beam file system without folders, as object storage is."""

    opened: list[str] = []  # noqa: RUF012 -- tests count what is opened

    @classmethod
    def scheme(cls):
        return "toy"

    def _local(self, path):
        bucket, _, key = path.removeprefix("toy://").partition("/")
        return ROOT[bucket] / key

    def _list(self, prefix):
        bucket = prefix.removeprefix("toy://").partition("/")[0]
        for file in sorted(ROOT[bucket].rglob("*")):
            path = f"toy://{bucket}/{file.relative_to(ROOT[bucket])}"
            if file.is_file() and path.startswith(prefix):
                yield FileMetadata(path, file.stat().st_size)

    def open(self, path, mime_type="", compression_type="auto"):
        assert compression_type == "uncompressed"
        self.opened.append(path)
        return self._local(path).open("rb")

    def metadata(self, path):
        if not self._local(path).is_file():
            raise FileNotFoundError(path)
        return FileMetadata(path, self._local(path).stat().st_size)

    def exists(self, path):
        return self._local(path).is_file()

    def checksum(self, path):
        return hashlib.md5(self._local(path).read_bytes()).hexdigest()

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        return tuple(path.rsplit("/", 1))

    def has_dirs(self):
        return False

    def _unused(self, *args, **kwargs):
        raise NotImplementedError

    mkdirs = create = copy = rename = size = last_updated = delete = _unused
