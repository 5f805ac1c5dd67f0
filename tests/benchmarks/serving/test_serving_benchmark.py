"""The served model is the product's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tensorflow_serving.apis import predict_pb2

from benchmarks.serving.traffic import load_requests
from serving.model_server.servables import load_servable
from trainer.recommender.stock_ops import require_stock_ops

pytestmark = pytest.mark.slow  # composes a recommender


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-m", "benchmarks.serving.model_side", folder, "300"]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(root)})
    return folder


def test_every_request_gets_a_full_list_of_unseen_items(written):
    require_stock_ops(written / "model")
    servable = load_servable(written / "model", 1)
    for serialized in load_requests(written / "requests.npz")[:5]:
        request = predict_pb2.PredictRequest.FromString(serialized)
        answer = servable.run("recommend", request.inputs)
        shown = set(answer["item_id"][0].tolist())
        assert len(shown) == 20
        assert b"" not in shown
        assert not shown & set(request.inputs["history_item_id"].string_val)
        assert (answer["score"] > 0).all()
    servable.close()
