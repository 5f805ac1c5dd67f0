"""The fingerprint of everything that a run reads."""

from __future__ import annotations

import hashlib

from transform.reading.digests import in_total_order
from transform.reading.files import chosen_files, table_files
from transform.settings import DataSettings


def data_fingerprint(data: DataSettings) -> str:
    """Fingerprint of all datasets: equal exactly where what would be read is equal.

    Partitions and contents count, names and times of files do not, and neither does what lies
    outside the window.

    Raises:
        DataError: If a dataset has no file, or the window reaches none.
    """
    tables = {"events": data.events, "items": data.items, "users": data.users}
    total = hashlib.sha256()
    for name, table in tables.items():
        if table is None:
            continue
        files = chosen_files(table_files(table, name), data.window if name == "events" else None)
        for file, digest in in_total_order(files):
            total.update(f"{name}\0{file.partition.name}\0{digest}\n".encode())
    return total.hexdigest()
