"""Answers that keep the contract, and those that do not."""

import re

import numpy as np
import pytest

from serving import contract
from serving.client import ServingError
from serving.flows import run
from serving.query import Query, Recommendation
from serving.served_model import Answered, ServedModel
from serving.tensors import write_tensor
from serving.wire.messages import (
    GET_MODEL_METADATA,
    PREDICT,
    PredictRequest,
    SignatureDefMap,
)

TYPES = {"O": 7, "f": 1, "i": 9}
GOOD = {
    "item_id": np.array([[b"a", b""]], object),
    "score": np.array([[0.5, 0.0]], np.float32),
    "retrieval_score": np.array([[2.0, 0.0]], np.float32),
}
ASKED = [Query("ann", 100)]


def answer(question, outputs):
    """What a client makes of these outputs, of version 7."""
    signatures = SignatureDefMap()
    inputs = signatures.signature_def[question.signature].inputs
    for name, values in question.inputs.items():
        inputs[name].dtype = 3 if name == "top_k" else TYPES[np.asarray(values).dtype.kind]

    def do(call):
        if call.method is GET_MODEL_METADATA:
            response = GET_MODEL_METADATA.response()
            response.metadata["signature_def"].Pack(signatures)
            return response
        assert isinstance(call.request, PredictRequest)
        response = PREDICT.response(model_spec={"version": {"value": 7}})
        for name, array in outputs.items():
            write_tensor(response.outputs[name], array, TYPES[array.dtype.kind])
        return response

    return run(ServedModel("recommender").ask(question), do)


def test_an_answer_that_keeps_the_contract_is_read():
    assert answer(contract.recommend(ASKED, 2), GOOD) == Answered(
        [[Recommendation("a", 0.5, 2.0)]], 7
    )


def test_an_answer_of_a_model_that_explores_is_read():
    explored = GOOD | {"propensity": np.array([[0.25, 0.0]], np.float32)}
    found = answer(contract.recommend(ASKED, 2), explored)
    assert found.value == [[Recommendation("a", 0.5, 2.0, 0.25)]]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"item_id": None}, "there is no output 'item_id' among ['retrieval_score', 'score']"),
        ({"item_id": np.array([b"a"], object)}, "output 'item_id' has shape [1], not [1, any]"),
        ({"item_id": np.array([[b"a"]] * 2, object)}, "has shape [2, 1], not [1, any]"),
        ({"item_id": np.array([[1, 2]])}, "output 'item_id' is int64, not string"),
        ({"item_id": np.array([[b"\xff", b""]], object)}, "can't decode byte 0xff"),
        ({"score": np.zeros((1, 3), np.float32)}, "zip() argument 2 is longer than argument 1"),
    ],
)
def test_one_that_does_not_is_told(change, text):
    outputs = {name: array for name, array in (GOOD | change).items() if array is not None}
    with pytest.raises(ServingError, match=re.escape(text)) as told:
        answer(contract.recommend(ASKED, 2), outputs)
    assert told.value.code == "INTERNAL"
    assert "the answer of model 'recommender', version 7, must keep" in str(told.value)


@pytest.mark.parametrize(
    "question",
    [
        contract.rank(ASKED, [["a"]]),
        contract.similar_items(["a"], 1),
        contract.query_embedding(ASKED),
    ],
    ids=lambda question: question.signature,
)
def test_every_question_tells_of_a_missing_output(question):
    with pytest.raises(ServingError, match=r"there is no output '[a-z_]+' among"):
        answer(question, {})
