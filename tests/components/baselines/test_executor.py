import json
from pathlib import Path

from tfx.types import artifact_utils, channel, standard_artifacts

from components.artifacts import BaselineMetrics
from components.baselines.component import Baselines
from components.baselines.executor import Executor
from tests.components.toy_recommender import ITEMS, item_id, raw_row, write_split
from transform.settings import SplitSettings


def test_artifacts_in_metrics_out(tmp_path):
    rows = [raw_row(user, 1 + user % 6) for user in range(40)]
    for split in ("train", "validation", "eval"):
        write_split(tmp_path / "examples", split, rows)
    catalogue = [{"item_id": [item_id(i)]} for i in range(ITEMS)]
    write_split(tmp_path / "examples", "catalogue", catalogue)
    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path / "examples")
    splits = ["train", "validation", "eval", "catalogue"]
    examples.split_names = artifact_utils.encode_split_names(splits)
    metrics = BaselineMetrics()
    metrics.uri = str(tmp_path / "metrics")
    node = Baselines(
        examples=channel.Channel(type=standard_artifacts.Examples),
        split=SplitSettings(protocol="leave_one_out").model_dump_json(),
        exclude_seen=True,
        code="x",
    )
    Executor().Do({"examples": [examples]}, {"metrics": [metrics]}, node.exec_properties)
    found = json.loads((Path(metrics.uri) / BaselineMetrics.METRICS_FILE).read_text())
    assert set(found) == {"most_popular", "recent_popular", "item_knn", "sequential_rules"}
    assert set(found["item_knn"]) == {"ndcg_at_10", "recall_at_10", "mrr_at_10"}
    assert 10 <= found["most_popular"]["distinct_items_at_10"] <= ITEMS
    assert found["sequential_rules"]["ndcg_at_10"] > found["most_popular"]["ndcg_at_10"]
