"""Tests of the environment of the trees."""

from __future__ import annotations

from benchmarks.ranker.environment import ENVIRONMENT


def test_the_lock_pins_the_peers_and_names_no_index() -> None:
    assert set(ENVIRONMENT.versions()) == {"lightgbm (peer)", "catboost (peer)"}
    lock = ENVIRONMENT.lock.read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock
