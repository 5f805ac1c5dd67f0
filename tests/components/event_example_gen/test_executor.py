"""The executor: files of every output, and what it refuses."""

import json
import time
from pathlib import Path

import polars as pl
import pytest
from tfx.components.example_gen.utils import PAYLOAD_FORMAT_PROPERTY_NAME
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import DataAccount, Tiles, UserStates
from components.event_example_gen.executor import Executor
from components.example_columns import read_columns
from transform.errors import DataError
from transform.published_fold import FOLD_FILE, PublishedFold
from transform.reading.fingerprint import data_fingerprint
from transform.settings import DataSettings, ExampleSettings, SplitSettings, Table
from transform.windows import UserWindow

HEADER = "user_id,item_id,event_time\n"
ROWS = [f"u{u},i{(u * 3 + n) % 20},{u + n}" for u in range(12) for n in range(8)]
AGGREGATES = '[{"name": "acts_1d", "of": "user", "count": "interaction", "window": "1d"}]'
BEAM = ["--runner=FnApiRunner", "--direct_running_mode=in_memory"]


def run(
    folder,
    rows,
    fingerprint="",
    protocol="leave_one_out",
    aggregates=AGGREGATES,
    header=HEADER,
    shown=False,
):
    log = folder / "events.csv"
    folder.mkdir(parents=True)
    log.write_text(header + "".join(f"{row}\n" for row in rows))
    outputs = {
        "examples": standard_artifacts.Examples(),
        "tiles": Tiles(),
        "user_states": UserStates(),
        "account": DataAccount(),
    }
    for name, artifact in outputs.items():
        artifact.uri = str(folder / "out" / name)
    data = DataSettings(events=Table(path=str(log)))
    executor = Executor(BaseBeamExecutor.Context(beam_pipeline_args=list(BEAM)))
    executor.Do(
        {},
        {name: [artifact] for name, artifact in outputs.items()},
        {
            "data": data.model_dump_json(),
            "split": SplitSettings(protocol=protocol).model_dump_json(),
            "example_settings": ExampleSettings(
                candidates=4, shown_held_out=shown
            ).model_dump_json(),
            "features": "[]",
            "aggregates": aggregates,
            "seed": 1,
            "fingerprint": fingerprint or data_fingerprint(data),
        },
    )
    return outputs


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    return run(tmp_path_factory.mktemp("run") / "one", [*ROWS, ROWS[0], ",i1,5"])


def test_the_examples_artifact_names_its_splits(outputs):
    examples = outputs["examples"]
    splits = ["train", "ranking", "validation", "eval", "catalogue"]
    assert artifact_utils.decode_split_names(examples.split_names) == splits
    assert examples.has_custom_property(PAYLOAD_FORMAT_PROPERTY_NAME)
    assert examples_utils.get_payload_format_string(examples) == "FORMAT_TF_EXAMPLE"
    for split in splits:
        assert list(Path(examples.uri, f"Split-{split}").glob("data_tfrecord-00000-of-00001.gz"))


def test_the_account_adds_up(outputs):
    account = json.loads(Path(outputs["account"].uri, DataAccount.ACCOUNT_FILE).read_text())
    assert account["rows_in"] == len(ROWS) + 2
    assert (account["events"], account["duplicates"]) == (len(ROWS), 1)
    assert account["dead_letters"] == {"user_id is missing": 1}
    assert account["rows_out"] == {
        "catalogue": 20,
        "eval": 12,
        "ranking": 72,
        "train": 12,
        "validation": 12,
    }
    assert len(account["fingerprint"]) == 64
    assert account["read_at"] == pytest.approx(time.time(), abs=600)
    dead = pl.read_parquet(Path(outputs["account"].uri, DataAccount.DEAD_LETTERS_FILE))
    assert dead["reason"].to_list() == ["user_id is missing"]


def test_tiles_and_user_states_are_tables(outputs):
    tiles = Path(outputs["tiles"].uri)
    items = pl.read_parquet(tiles / Tiles.ITEMS_FILE)
    assert items.columns == ["item_id", "count", "first_time", "last_time"]
    assert items["count"].sum() == 12 * 6
    followers = pl.read_parquet(tiles / Tiles.CO_VIEW_FILE)
    assert followers.schema == {
        "item_id": pl.String,
        "follower_id": pl.String,
        "weight": pl.Float32,
    }
    users = pl.read_parquet(Path(outputs["user_states"].uri, UserStates.USERS_FILE))
    assert len(users) == 12
    assert users["history_item_id"].list.len().to_list() == [8] * 12


def test_user_states_say_how_to_go_on_with_the_fold(outputs):
    folder = Path(outputs["user_states"].uri)
    fold = PublishedFold.model_validate_json((folder / FOLD_FILE).read_text())
    assert fold.windows == (UserWindow("acts_1d", 86_400, "interaction"),)
    tiles = pl.read_parquet(folder / UserStates.USERS_FILE)["tiles"]
    counts = [sum(cell["count"] for cell in cells) for cells in tiles]
    assert counts == [8] * 12


@pytest.mark.parametrize(
    ("protocol", "taken"), [("time", [0.0, 1.0]), ("leave_one_out", [1.0, 1.0])]
)
def test_the_catalogue_shows_items_when_the_training_and_when_the_validation_ended(
    protocol, taken, tmp_path
):
    # Ten users a day for twenty days; `late` is new on the first day of validation, the 16th.
    rows = [
        f"u{user},{'late' if user == 0 and day == 16 else 'i'},{day * 24 * 3600 + user}"
        for day in range(20)
        for user in range(10)
    ]
    counted = '[{"name": "taken", "of": "item", "count": "interaction", "window": "28d"}]'
    made = run(tmp_path / "run", rows, protocol=protocol, aggregates=counted)["examples"]
    catalogue = artifact_utils.get_split_uris([made], "catalogue")
    values = read_columns(catalogue, {"item_id": "bytes", "taken": "float"})
    assert values.filter(pl.col("item_id").list.first() == b"late")["taken"].to_list() == [taken]


def test_another_run_writes_the_same_bytes(outputs, tmp_path):
    again = run(tmp_path / "two", [*ROWS, ROWS[0], ",i1,5"])
    for name in ("examples", "tiles", "user_states"):
        first, second = Path(outputs[name].uri), Path(again[name].uri)
        files = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
        assert files
        for file in files:
            assert (first / file).read_bytes() == (second / file).read_bytes()


def test_bad_data_is_refused(tmp_path):
    with pytest.raises(DataError, match="Set `time_unit: ms`"):
        run(tmp_path / "bad", ["u,a,1600000000000"])


def test_files_that_change_while_they_are_read_are_refused(tmp_path):
    with pytest.raises(DataError, match="must not change while it is read"):
        run(tmp_path / "run", ROWS, fingerprint="0" * 64)


def test_the_held_out_lists_are_splits_where_scores_are_fitted_to_them(tmp_path):
    shown = [f"{row},view" for row in ROWS]
    shown += [f"u{u},i{(u + n) % 20},{u + n},impression" for u in range(12) for n in range(8)]
    header = "user_id,item_id,event_time,event_type\n"
    outputs = run(tmp_path / "shown", shown, protocol="time", header=header, shown=True)
    examples = outputs["examples"]
    splits = artifact_utils.decode_split_names(examples.split_names)
    assert {"shown_validation", "shown_eval"} < set(splits)
    for split in splits:
        assert list(Path(examples.uri, f"Split-{split}").glob("data_tfrecord-00000-of-00001.gz"))


@pytest.mark.parametrize(
    ("shown_until", "found"),
    [(0, "no event of the type `impression`"), (3, "0 in shown_validation, 0 in shown_eval")],
)
def test_a_log_without_lists_to_fit_scores_to_is_refused(tmp_path, shown_until, found):
    rows = [f"{row},view" for row in ROWS]
    rows += [f"u0,i{n},{n},impression" for n in range(shown_until)]
    header = HEADER.replace("\n", ",event_type\n")
    with pytest.raises(DataError, match=f"Received: {found}. Name"):
        run(tmp_path / "none", rows, protocol="time", header=header, shown=True)
