"""Lists in bulk: every user, the whole history, one complete file."""

from pathlib import Path

import polars as pl
import pytest

from pipeline import prediction
from pipeline.errors import RunError
from pipeline.prediction import predict, read_users
from serving.user_store import UserStore
from transform.errors import DataError


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        import toy_model

        folder = tmp_path_factory.mktemp("model") / "3"
        toy_model.save(folder)
    return folder


@pytest.fixture
def store(shop):
    file = shop.states(users={"u1": ["a"], "u2": ["a", "b", "c"], "few": ["b"]}) / "users.parquet"
    pl.read_parquet(file).with_columns(city=pl.Series(["Rome", None, "Oslo"])).write_parquet(file)
    return UserStore.open(file)


def run(model, store, users, out, *, k=100):
    done = []
    rows = predict(model, store, users, request_time=102, k=k, out=out, progress=done.append)
    return rows, done


def test_rows_ranks_and_scores(model, store, tmp_path):
    out = tmp_path / "deep" / "lists.parquet"
    rows, done = run(model, store, ["u2", "few", "new"], out)
    table = pl.read_parquet(out)
    assert table.schema == {
        "user_id": pl.String,
        "rank": pl.Int32,
        "item_id": pl.String,
        "score": pl.Float32,
    }
    assert table.rows() == [
        ("u2", 1, "u2/3", 0.75),  # the whole history
        ("u2", 2, "city ", 0.5),
        ("u2", 3, "at 102", 0.25),
        ("few", 1, "few/1", 0.75),  # padding is left out
        ("new", 1, "new/0", 0.75),  # a cold start
        ("new", 2, "city ", 0.5),
        ("new", 3, "at 102", 0.25),
    ]
    assert rows == 7
    assert done == [3]


def test_features_of_users_reach_the_model(model, store, tmp_path):
    run(model, store, ["u1"], tmp_path / "o.parquet")
    assert "city Rome" in pl.read_parquet(tmp_path / "o.parquet")["item_id"].to_list()


def test_k_limits_the_list(model, store, tmp_path):
    assert run(model, store, ["u1", "u2"], tmp_path / "o.parquet", k=2)[0] == 4


def test_many_users_go_in_batches_and_give_the_same(model, store, tmp_path, monkeypatch):
    users = ["u1", "u2", "few", "new", "newer"]
    run(model, store, users, tmp_path / "one.parquet")
    monkeypatch.setattr(prediction, "_USERS_A_READ", 3)
    monkeypatch.setattr(prediction, "_USERS_A_CALL", 2)
    _, done = run(model, store, users, tmp_path / "many.parquet")
    assert done == [2, 3, 5]
    assert pl.read_parquet(tmp_path / "one.parquet").equals(
        pl.read_parquet(tmp_path / "many.parquet")
    )


def test_an_interruption_leaves_the_old_file(model, store, tmp_path):
    out = tmp_path / "lists.parquet"
    out.write_text("old")

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(model, store, ["u1"], request_time=102, k=3, out=out, progress=interrupt)
    assert out.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir() if "lists" in p.name] == ["lists.parquet"]


def test_users_stand_once_in_the_order_of_first_appearance(tmp_path):
    file = tmp_path / "users.csv"
    file.write_text("name,user_id\nx,9\ny,007\nz,9\n")
    assert read_users(file) == ["9", "007"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "a column user_id"),
        ("user_id\n", "without rows"),
        ("user\n9\n", "with the columns 'user'"),
        ("user_id,city\n9,Rome\n,Oslo\n", "without an id in row 2"),
    ],
)
def test_a_users_file_that_says_no_users_is_refused(tmp_path, content, words):
    file = tmp_path / "users.csv"
    file.write_text(content)
    with pytest.raises((RunError, DataError), match=words) as caught:
        read_users(file)
    assert str(file) in str(caught.value)


def test_a_users_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"nowhere\.csv, which fails"):
        read_users(tmp_path / "nowhere.csv")
