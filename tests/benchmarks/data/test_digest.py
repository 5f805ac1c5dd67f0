"""Digests of rows: blind to order and to sampling, and to nothing else."""

import pytest

from benchmarks.data.asking import SETTINGS, job_for
from benchmarks.data.digest import SPLITS, differences, digests
from benchmarks.data.per_element import to_example
from benchmarks.data.tf_example import RecordFile
from tests.benchmarks.data.logs import write_log

ROWS = [
    {"user_id": ["u"], "request_time": [1], "history_item_id": ["a", "b"], "age": [3.5]},
    {"user_id": ["v"], "request_time": [1], "history_item_id": ["b"], "age": []},
]
SHOWN = {
    "user_id": ["u"],
    "request_time": [1],
    "candidate_item_id": ["a", "b"],
    "label": [1.0, 0.0],
    "item_views_7d": [5.0, 5.0],
}


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    return job_for(SETTINGS, write_log(folder, events=200), folder / "out")


@pytest.fixture
def digest(tmp_path, job):
    def of(rows, split="train", shards=1):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name in SPLITS:
            (folder / f"Split-{name}").mkdir(parents=True)
        for number in range(shards):
            file = RecordFile(folder / f"Split-{split}" / f"part-{number}.gz")
            file.write(to_example(row) for row in rows[number::shards])
            file.close()
        return digests(folder, job)

    return of


def test_neither_the_order_nor_the_files_of_rows_count(digest):
    assert differences(digest(ROWS), digest(ROWS[::-1], shards=2)) == []


def test_a_changed_value_is_named_by_its_feature(digest):
    other = [{**ROWS[0], "history_item_id": ["b", "a"]}, ROWS[1]]
    assert differences(digest(ROWS), digest(other)) == ["train/history_item_id"]
    other = [ROWS[0], {**ROWS[1], "age": [0.0]}]
    assert differences(digest(ROWS), digest(other)) == ["train/age"]


def test_values_that_change_places_between_rows_are_noticed(digest):
    other = [
        {**ROWS[0], "history_item_id": ROWS[1]["history_item_id"]},
        {**ROWS[1], "history_item_id": ROWS[0]["history_item_id"]},
    ]
    assert differences(digest(ROWS), digest(other)) == ["train/history_item_id"]


def test_a_repeated_row_and_a_missing_one_are_noticed(digest):
    assert "train/#rows" in differences(digest(ROWS), digest([*ROWS, ROWS[0]]))
    assert "train/#rows" in differences(digest(ROWS), digest(ROWS[:1]))


def test_lists_of_candidates_are_sets_of_pairs(digest):
    turned = {name: values[::-1] for name, values in SHOWN.items()}
    assert differences(digest([SHOWN], "ranking"), digest([turned], "ranking")) == []
    swapped = {**SHOWN, "label": [0.0, 1.0]}
    assert differences(digest([SHOWN], "ranking"), digest([swapped], "ranking")) == [
        "ranking/label"
    ]


def test_only_held_out_candidates_are_taken_for_sampled(digest):
    other = {**SHOWN, "candidate_item_id": ["a", "c"]}
    assert differences(digest([SHOWN], "eval"), digest([other], "eval")) == []
    assert differences(digest([SHOWN], "ranking"), digest([other], "ranking")) != []
