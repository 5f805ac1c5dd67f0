"""The environments of the peers."""

import pytest

from benchmarks import environments

UV = """#!/bin/sh
echo "$@" >> {log}
if [ "$1" = venv ]; then for last; do :; done; mkdir -p "$last/bin"; fi
exit {code}
"""


@pytest.fixture
def uv(tmp_path, monkeypatch):
    """Puts a program in uv's place that writes down how it was called."""
    monkeypatch.setenv("SLUICE_CACHE", str(tmp_path / "cache"))
    program, log = tmp_path / "uv", tmp_path / "calls"
    log.touch()

    def install(code=0):
        program.write_text(UV.format(log=log, code=code))
        program.chmod(0o755)
        monkeypatch.setattr(environments, "_UV", program)
        return log

    return install


def test_an_environment_is_made_once_for_each_lock(uv, tmp_path):
    log, lock = uv(), tmp_path / "peers.lock"
    lock.write_text("faiss-cpu==1.0\n")
    python = environments.python_of("peer", lock)
    assert environments.python_of("peer", lock) == python
    venv, sync = log.read_text().splitlines()
    assert venv.startswith("venv ")
    assert sync.startswith("pip sync ")
    assert f"--require-hashes {lock}" in sync
    lock.write_text("faiss-cpu==2.0\n")
    assert environments.python_of("peer", lock) != python


def test_what_was_half_made_is_made_anew(uv, tmp_path):
    lock = tmp_path / "peers.lock"
    lock.write_text("")
    uv(code=1)
    with pytest.raises(RuntimeError, match="The peer peer needs an environment of its own"):
        environments.python_of("peer", lock)
    log = uv()
    environments.python_of("peer", lock)
    assert len(log.read_text().splitlines()) == 3


def test_versions_are_those_of_the_lock(tmp_path):
    lock = tmp_path / "peers.lock"
    lock.write_text("# made\nnumpy==2.4 \\\n    --hash=x\nfaiss-cpu==1.15.1 \\\n")
    assert environments.pinned(lock, "faiss-cpu") == {"faiss-cpu (peer)": "1.15.1"}
