"""A loaded SavedModel that answers requests.

It runs in a TensorFlow session, as in TensorFlow Serving, and not through `tf.saved_model.load`:
closing a session gives all its memory back, where loading functions into the eager runtime leaves
a megabyte or two behind at every swap.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig
from tensorflow.python.saved_model.loader_impl import SavedModelLoader

from serving.model_server.aside import aside
from serving.model_server.batching import Batcher, Submit
from serving.model_server.errors import RequestError
from serving.model_server.graph_import import PAUSES, import_graph
from serving.model_server.signatures import Signature, unknown_signature
from serving.model_server.warmup import warm_up

logger = logging.getLogger(__name__)

DEFAULT_SIGNATURE = "serving_default"
_INIT_SIGNATURE = "__saved_model_init_op"

_GRPC_CODES = {code.value[0]: code for code in grpc.StatusCode}


class Servable:
    """One version of a model, in memory.

    Args:
        path: The SavedModel's directory.
        version: Its version number, used in logs only.
        pauses: See `import_graph`.

    Attributes:
        signature_defs: The signatures as the SavedModel declares them, for GetModelMetadata.
        signatures: Those that can be called, by name.
    """

    def __init__(self, path: Path, version: int, *, pauses: float = PAUSES) -> None:
        self.version = version
        session = tf.compat.v1.Session(graph=tf.Graph(), config=_config())
        try:
            meta_graph = _load(session, path, pauses)
        except BaseException:
            session.close()
            raise
        self._session: tf.compat.v1.Session | None = session
        self.signature_defs = dict(meta_graph.signature_def)
        self.signatures = {
            name: Signature.from_proto(name, proto)
            for name, proto in self.signature_defs.items()
            if name != _INIT_SIGNATURE
        }
        self._submit: Submit | None = None
        # Compiled once for each (signature, outputs): a plain `run` parses its arguments each time.
        self._callables: dict[tuple[str, ...], Any] = {}
        self._compiling = threading.Lock()

    def join_requests(self, batcher: Batcher) -> None:
        """From now on joins concurrent requests; before, each is computed by itself."""
        self._submit = batcher.batched(self._execute)

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, tensor_pb2.TensorProto],
        output_filter: Sequence[str] = (),
    ) -> dict[str, NDArray[Any]]:
        """Run one signature.

        Args:
            signature_name: Its name; empty means `serving_default`.
            inputs: One tensor for each input of the signature.
            output_filter: Outputs to compute; empty means all.

        Returns:
            Output name -> array.

        Raises:
            RequestError: What TensorFlow Serving would answer: FAILED_PRECONDITION for an unknown
                signature, INVALID_ARGUMENT for a request that does not fit the signature or that
                the graph refuses.
        """
        signature = self.signature(signature_name)
        fetches = signature.fetches(output_filter)
        return self.compute(signature, signature.feeds(inputs), fetches)

    def compute(
        self, signature: Signature, feeds: Sequence[NDArray[Any]], fetches: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        """Run one signature on arrays.

        Args:
            signature: One of this servable's.
            feeds: An array for each of its inputs, in their order.
            fetches: Outputs to compute.

        Returns:
            Output name -> array.

        Raises:
            RequestError: The graph refuses the values.
        """
        if self._submit is None:
            return self._execute(signature, feeds, fetches)
        return self._submit(signature, feeds, fetches).result()

    def start(
        self,
        threads: Executor,
        signature_name: str,
        inputs: Mapping[str, tensor_pb2.TensorProto],
        output_filter: Sequence[str] = (),
    ) -> Future[dict[str, NDArray[Any]]]:
        """Start to run one signature, as `run` does.

        Args:
            threads: Where it runs if requests are not joined.
            signature_name: As in `run`.
            inputs: As in `run`.
            output_filter: As in `run`.

        Raises:
            RequestError: As in `run`, where that shows before anything is computed.
        """
        if self._submit is None:
            return threads.submit(self.run, signature_name, inputs, output_filter)
        signature = self.signature(signature_name)
        fetches = signature.fetches(output_filter)
        return self._submit(signature, signature.feeds(inputs), fetches)

    def signature(self, name: str) -> Signature:
        """A signature by its name; the empty name means `serving_default`.

        Raises:
            RequestError: FAILED_PRECONDITION when there is none of that name.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self.signatures:
            raise unknown_signature(name, self.signatures)
        return self.signatures[name]

    def close(self) -> None:
        """Give the memory back. Nothing may run after this."""
        self._callables.clear()
        if self._session is not None:
            self._session.close()
        self._session = None
        # Graph and session refer to each other, and hold 100 MB until the interpreter looks for
        # such pairs, which it does ever more rarely. What a server keeps for good is not looked at.
        gc.collect()
        _give_back()

    def _execute(
        self, signature: Signature, feeds: Sequence[NDArray[Any]], fetches: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        try:
            values = self._callable(signature, fetches)(*feeds)
        except tf.errors.OpError as error:
            code = _GRPC_CODES.get(error.error_code, grpc.StatusCode.UNKNOWN)
            raise RequestError(
                code, f"signature {signature.name!r} refused the request: {_reason(error.message)}"
            ) from error
        return {name: _array(value) for name, value in zip(fetches, values, strict=True)}

    def _callable(self, signature: Signature, fetches: Sequence[str]) -> Any:
        key = (signature.name, *fetches)
        found = self._callables.get(key)
        if found is not None:
            return found
        if self._session is None:
            raise RuntimeError(f"version {self.version} is closed")
        with self._compiling:  # it takes seconds: the calls that come meanwhile wait for the first
            if key not in self._callables:
                self._callables[key] = self._session.make_callable(
                    [signature.outputs[name].tensor for name in fetches],
                    feed_list=[spec.tensor for spec in signature.inputs.values()],
                )
            return self._callables[key]


def _load(session: tf.compat.v1.Session, path: Path, pauses: float) -> meta_graph_pb2.MetaGraphDef:
    """Load a SavedModel into a session, as `tf.compat.v1.saved_model.load` does.

    Its values are read aside. Its graph is not: that is the work of the interpreter, for which all
    calls would wait where the thread that has it must wait for a processor.

    Raises:
        Exception: Whatever TensorFlow raises on a SavedModel that it cannot load.
    """
    loader, tags = SavedModelLoader(str(path)), [tf.saved_model.SERVING]
    meta_graph: meta_graph_pb2.MetaGraphDef = loader.get_meta_graph_def_from_tags(tags)
    saver = import_graph(session.graph, meta_graph, pauses=pauses)

    def read_values() -> None:
        loader.restore_variables(session, saver)
        loader.run_init_ops(session, tags)

    aside(read_values)
    return meta_graph


def _config() -> tf.compat.v1.ConfigProto:
    """Each computation in the thread that asks for it, unless TensorFlow's variables say otherwise.

    A graph that serves has many small operations: handing them from thread to thread, and waiting
    for the parts of each, takes twice the processor's time, and longer even on an idle server. It
    is the batches, and the calls, that keep several processors busy.

    Graphs are optimised once, not twice: the second time is a third of what a warm-up takes, and
    no answer comes sooner for it.
    """
    config = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=int(os.environ.get("TF_NUM_INTRAOP_THREADS", "1")),
        inter_op_parallelism_threads=int(os.environ.get("TF_NUM_INTEROP_THREADS", "-1")),
    )
    config.graph_options.rewrite_options.meta_optimizer_iterations = RewriterConfig.ONE
    return config


def _give_back() -> None:
    """Let glibc return what is free, which it keeps where something in use lies behind it."""
    with contextlib.suppress(AttributeError):  # another C library, which has no such function
        ctypes.CDLL(None).malloc_trim(0)


def _array(value: Any) -> NDArray[Any]:
    """A session gives a scalar string as bare bytes."""
    return np.array(value, dtype=object) if isinstance(value, bytes) else np.asarray(value)


def _reason(message: str) -> str:
    """TensorFlow's message without the names of graph nodes, on one line."""
    lines = (line.strip() for line in message.splitlines())
    return " ".join(
        line for line in lines if line and line != "Graph execution error:" and line[:2] != "[["
    )


def load_servable(
    path: Path,
    version: int,
    batcher: Batcher | None = None,
    are_calls_answered: Callable[[], bool] = lambda: True,
) -> Servable:
    """Load a version and warm it up.

    Args:
        path: The SavedModel's directory.
        version: Its version number.
        batcher: Joins concurrent requests; None computes each by itself.
        are_calls_answered: Whether calls may come meanwhile, for which room must be left.

    Raises:
        WarmUpError: A warm-up request is malformed or was not answered.
        Exception: Whatever TensorFlow raises on a SavedModel that it cannot load.
    """
    servable = Servable(path, version, pauses=PAUSES if are_calls_answered() else 0.0)
    try:
        started = time.monotonic()
        count = aside(lambda: warm_up(path, servable))
        seconds = time.monotonic() - started
        logger.info("version %d: %d warm-up requests in %.2f s", version, count, seconds)
    except BaseException:
        servable.close()
        raise
    if batcher is not None:  # only now: a warm-up takes seconds, and no call's place in the batches
        servable.join_requests(batcher)
    return servable
