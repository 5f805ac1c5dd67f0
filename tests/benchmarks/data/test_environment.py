"""What the PySpark peer needs, and the messages where it is missing."""

import pytest

from benchmarks import environments
from benchmarks.data.spark import environment


@pytest.fixture
def java(tmp_path, monkeypatch):
    def install(version):
        program = tmp_path / "java"
        program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    return install


def test_no_java_is_said_with_what_to_do(java):
    with pytest.raises(RuntimeError, match=r"Java 17.*Received: no Java.*make java"):
        environment.spark_command("job")


def test_an_old_java_is_refused(java):
    java("11.0.2")
    with pytest.raises(RuntimeError, match=r"Received: Java 11"):
        environment.spark_command("job")


@pytest.mark.parametrize("version", ["17.0.15", "21"])
def test_a_newer_java_will_do(java, monkeypatch, version):
    java(version)
    monkeypatch.setattr(environments, "python_of", lambda *_: "python")
    assert environment.spark_command("job") == ["python", "-m", "benchmarks.data.spark", "job"]


def test_the_lock_pins_the_peer_and_names_no_index():
    assert environment.spark_versions()["pyspark (peer)"].startswith("4.")
    lock = environment.ENVIRONMENT.lock.read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock
