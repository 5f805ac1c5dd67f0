"""A file that is replaced is whole, whoever else writes it."""

import errno

import pytest

from serving import durable
from serving.durable import replace_file


def test_two_that_write_at_once_do_not_share_a_draft(tmp_path, monkeypatch):
    target, write, seen = tmp_path / "labels.json", durable.write_file, []

    def interrupted(draft, data):
        write(draft, data)
        if not seen:
            seen.append(draft)
            replace_file(target, b"second")
            assert target.read_bytes() == b"second"

    monkeypatch.setattr(durable, "write_file", interrupted)
    replace_file(target, b"first")
    assert target.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_leaves_the_file_as_it_was_and_no_draft(tmp_path, monkeypatch):
    target = tmp_path / "labels.json"
    replace_file(target, b"whole")

    def full(draft, data):
        draft.write_bytes(data[:2])
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(durable, "write_file", full)
    with pytest.raises(OSError, match="no space left"):
        replace_file(target, b"longer than before")
    assert target.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [target]
