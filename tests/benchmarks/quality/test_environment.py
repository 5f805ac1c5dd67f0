"""Tests of the environment of the peers."""

from __future__ import annotations

from benchmarks.quality.environment import ENVIRONMENT


def test_the_lock_pins_the_peers_and_names_no_index() -> None:
    pinned = {"rectools (peer)", "implicit (peer)", "torch (peer)"}
    assert set(ENVIRONMENT.versions()) == pinned
    lock = ENVIRONMENT.lock.read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock
