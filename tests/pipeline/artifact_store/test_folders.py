"""Folders in a real S3: whole or not at all, and what is read back is what was written."""

import os

import pytest

from pipeline.artifact_store import folders
from pipeline.artifact_store.reading import readable
from pipeline.errors import RunError

pytestmark = pytest.mark.slow
URI = "s3://shop/root/Node/made/7"


def written(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture
def uploaded(store, tmp_path):
    folder = written(tmp_path / "made", a=b"first", sub__b=b"second")
    folders.upload(folder, URI)
    return store


def test_a_folder_comes_back_as_it_was(store, tmp_path):
    folder = written(
        tmp_path / "made", plain=b"x", empty=b"", sub__deep__large=os.urandom(12_000_000)
    )
    written(folder, **{"Füße und %2F=1": b"odd"})
    (folder / "nothing" / "in it").mkdir(parents=True)
    folders.upload(folder, URI)
    folders.download(URI, tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(folder)


def test_what_an_attempt_before_left_is_gone(uploaded, tmp_path):
    folders.upload(written(tmp_path / "again", a=b"other"), URI)
    assert uploaded.names("root/Node/made/7") == {"a", folders.MANIFEST}


def test_a_folder_is_whole_only_with_its_list(uploaded, tmp_path):
    assert folders.is_whole(URI)
    uploaded.files.delete_file(f"shop/root/Node/made/7/{folders.MANIFEST}")
    assert not folders.is_whole(URI)
    with pytest.raises(RunError, match="has none: it was deleted, or never uploaded to its end"):
        folders.download(URI, tmp_path / "copy")


@pytest.mark.parametrize("content", [b"forged", b"1irst"])
def test_what_was_changed_in_the_store_is_refused(uploaded, tmp_path, content):
    with uploaded.files.open_output_stream("shop/root/Node/made/7/a") as target:
        target.write(content)
    with pytest.raises(RunError, match="in which a differs from what was uploaded"):
        folders.download(URI, tmp_path / "copy")


def test_what_is_missing_in_the_store_is_told(uploaded, tmp_path):
    uploaded.files.delete_file("shop/root/Node/made/7/sub/b")
    with pytest.raises(RunError, match="Path does not exist 'shop/root/Node/made/7/sub/b'"):
        folders.download(URI, tmp_path / "copy")


def test_a_list_that_leads_out_of_the_folder_is_refused(uploaded, tmp_path):
    forged = '{"files": {"../../escaped": {"size": 0, "sha256": ""}}, "folders": []}'
    with uploaded.files.open_output_stream(f"shop/root/Node/made/7/{folders.MANIFEST}") as target:
        target.write(forged.encode())
    with pytest.raises(ValueError, match="paths lead into the folder"):
        folders.download(URI, tmp_path / "copy")


def test_whoever_reads_gets_a_copy_of_the_content(uploaded, tmp_path, monkeypatch):
    monkeypatch.setenv("SLUICE_CACHE", str(tmp_path / "cache"))
    first = readable(URI)
    assert (first / "sub" / "b").read_bytes() == b"second"
    assert readable(URI) == first
    folders.upload(written(tmp_path / "made", a=b"other"), URI)
    assert (readable(URI) / "a").read_bytes() == b"other"
    assert readable("s3://shop/root/Node/made/8") is None


def test_a_store_that_lets_us_write_is_told_from_others(store, monkeypatch):
    folders.check_store("s3://shop/root")
    with pytest.raises(RunError, match=r"nowhere: .*bucket does not exist"):
        folders.check_store("s3://nowhere")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-" + store.secret)
    folders._file_system.cache_clear()
    with pytest.raises(RunError, match="SIGNATURE_DOES_NOT_MATCH") as refused:
        folders.check_store("s3://shop/root")
    assert "AWS_SECRET_ACCESS_KEY" in str(refused.value)
    assert store.secret not in str(refused.value)
    folders._file_system.cache_clear()


def test_a_server_that_is_down_is_said_so(monkeypatch):
    monkeypatch.setenv(folders.ENDPOINT_VARIABLE, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    with pytest.raises(RunError, match=r"NETWORK_CONNECTION.*which is http://127.0.0.1:9"):
        folders.is_whole("s3://shop/root")
