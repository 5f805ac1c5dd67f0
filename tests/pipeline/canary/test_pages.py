"""Counts from metrics pages: the embedded server's by version, TensorFlow Serving's by model."""

import socket
import threading

import pytest

from pipeline.canary.pages import Arm, ArmReader, Counts, fetch
from pipeline.errors import RunError
from serving.model_server.errors import RequestError, invalid_argument
from serving.model_server.metrics import Metrics
from tests.pages import serve_pages

SLOW = 10 * 1.8**14  # 37.5 ms

_LATENCY = ":tensorflow:serving:request_latency"
_LABELS = 'model_name="recommender",API="Predict",entrypoint="GRPC"'
# As TensorFlow Serving writes it: types without help, and no version.
TENSORFLOW_SERVING = f"""\
# TYPE :tensorflow:serving:request_count counter
:tensorflow:serving:request_count{{model_name="recommender",status="OK"}} 90
:tensorflow:serving:request_count{{model_name="recommender",status="INTERNAL"}} 10
:tensorflow:serving:request_count{{model_name="other",status="INTERNAL"}} 7
# TYPE {_LATENCY} histogram
{_LATENCY}_bucket{{{_LABELS},le="37481.3"}} 60
{_LATENCY}_bucket{{{_LABELS},le="67466.4"}} 89
{_LATENCY}_bucket{{{_LABELS},le="+Inf"}} 90
{_LATENCY}_sum{{{_LABELS}}} 1e6
{_LATENCY}_count{{{_LABELS}}} 90
"""


def called(metrics, version, *, times=1, refused=0):
    for _ in range(times):
        with metrics.computing("recommender", "Predict", version):
            pass
    for _ in range(refused):
        with pytest.raises(RequestError), metrics.computing("recommender", "Predict", version):
            raise invalid_argument("no")


def test_the_embedded_servers_page_tells_versions_apart():
    metrics = Metrics()
    called(metrics, 7, times=3, refused=2)
    called(metrics, 9, times=1)
    page = metrics.exposition().decode()
    assert Arm((), 7, 1e12).counts(page) == Counts(5, 2, 3, 3)  # no class so long: all slow
    assert Arm((), 9, SLOW).counts(page) == Counts(1, 0, 1, 0)
    assert Arm((), 8, SLOW).counts(page) == Counts()
    fresh = Metrics()
    with pytest.raises(RequestError), fresh.call("recommender", "Predict", "GRPC"):
        raise invalid_argument("no such label")
    assert Arm((), 9, SLOW).counts(fresh.exposition().decode()) == Counts()


def test_tensorflow_servings_page_counts_by_model():
    assert Arm((), None, SLOW).counts(TENSORFLOW_SERVING) == Counts(100, 10, 90, 30)
    with pytest.raises(RunError, match=r"TensorFlow Serving counts by model: .* --canary-metrics"):
        Arm((), 7, SLOW).counts(TENSORFLOW_SERVING)


@pytest.fixture
def served():
    """Addresses of pages whose text is in a dict: `served(name)`, and the dict."""
    texts = {}
    server = serve_pages(lambda path: (200, texts[path.strip("/")]))
    yield (lambda name: f"http://127.0.0.1:{server.server_port}/{name}"), texts
    server.shutdown()
    server.server_close()


def test_an_answer_that_is_broken_off_is_no_page():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def break_off():
            connection, _ = listening.accept()
            connection.recv(1_000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n:tensor")
            connection.close()

        thread = threading.Thread(target=break_off)
        thread.start()
        with pytest.raises(OSError, match="broke its answer off: IncompleteRead"):
            fetch(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        thread.join()


def page(requests, failed=0):
    return (
        f':tensorflow:serving:request_count{{model_name="recommender",status="OK"}} '
        f"{requests - failed}\n"
        f':tensorflow:serving:request_count{{model_name="recommender",status="UNKNOWN"}} {failed}\n'
    )


def test_what_was_there_before_does_not_count_and_servers_are_added_up(served):
    address, texts = served
    texts |= {"a": page(100, 50), "b": page(7)}
    reader = ArmReader(Arm([address("a"), address("b")], None, SLOW))
    assert reader.read() == Counts()
    texts |= {"a": page(103, 51), "b": page(9)}
    assert reader.read() == Counts(5, 1, 0, 0)


def test_a_server_that_begins_anew_loses_no_counts(served):
    address, texts = served
    texts["a"] = page(100)
    reader = ArmReader(Arm([address("a")], None, SLOW))
    texts["a"] = page(110, 2)
    reader.read()
    texts["a"] = page(4, 1)
    assert reader.read() == Counts(14, 3, 0, 0)


@pytest.mark.parametrize(
    "garbage",
    [
        "<html><body>502 Bad Gateway</body></html>",
        b"\xff\xfe no text",
        ':tensorflow:serving:request_count{model_name="recommender"} 3\n',  # without a status
        f'{_LATENCY}_bucket{{{_LABELS},le="long"}} 60\n',
        page(3)[:-5],  # cut off
    ],
)
def test_a_page_of_something_else_cannot_be_read_and_the_next_one_can(served, garbage):
    address, texts = served
    texts["a"] = page(100)
    reader = ArmReader(Arm([address("a")], None, SLOW))
    texts["a"] = garbage
    with pytest.raises(OSError, match=r"no text|what a server writes for Prometheus"):
        reader.read()
    texts["a"] = page(102)
    assert reader.read() == Counts(2, 0, 0, 0)


def test_only_http_is_read(tmp_path):
    with pytest.raises(RunError, match="Received: 'file:///etc/passwd'"):
        fetch("file:///etc/passwd")
