"""Settings from YAML: what is expanded, what is refused, and in which words."""

from datetime import date
from pathlib import Path

import pytest

from pipeline.data_window import with_window
from pipeline.loading import cache_dir, expand_path, load_settings, settings_hash
from pipeline.refusals import SettingsError
from pipeline.settings import Settings
from transform.settings import DataSettings

CONFIGS = Path(__file__).parents[2] / "pipeline" / "configs"
SMALL = "name: shop\nroot: runs\ndata: {events: {path: log.csv}}\n"


def load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "shop.yaml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    return str(caught.value)


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    file = tmp_path / "a" / "shop.yaml"
    file.write_text("name: shop\nroot: ../runs\ndata: {events: {path: log/*.csv}}\n")
    monkeypatch.chdir(tmp_path)
    settings = load_settings("a/shop.yaml")
    assert settings.root == tmp_path / "runs"
    assert settings.data.events.path == str(tmp_path / "a" / "log" / "*.csv")


def test_home_and_variables_are_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("LOGS", "/logs")
    settings = load(
        tmp_path, "name: shop\nroot: ~/runs\ndata: {events: {path: '${LOGS}/$LOGS/x.csv'}}\n"
    )
    assert settings.root == Path("/home/ada/runs")
    assert settings.data.events.path == "/logs/logs/x.csv"


def test_paths_on_object_storage_stay_as_they_are(tmp_path):
    text = SMALL.replace("log.csv", "gs://bucket/log/*.parquet")
    assert load(tmp_path, text).data.events.path == "gs://bucket/log/*.parquet"


def test_a_variable_that_is_not_set_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    said = refusal(tmp_path, SMALL.replace("log.csv", "$NOWHERE/log.csv"))
    assert "`data.events.path`" in said
    assert "NOWHERE, which is not set" in said


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SLUICE_CACHE": "/c", "XDG_CACHE_HOME": "/x"}, "/c"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/sluice"),
        ({}, "/home/ada/.cache/sluice"),
    ],
)
def test_the_cache_folder(monkeypatch, environment, expected):
    monkeypatch.setenv("HOME", "/home/ada")
    for name in ("SLUICE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache_dir() == Path(expected)
    assert expand_path("$SLUICE_CACHE/a", Path("/base"), "root") == f"{expected}/a"


@pytest.mark.parametrize(
    ("until", "expected"),
    [(", until: 2024-03-31", date(2024, 3, 31)), (", until: 7", 7), ("", None)],
)
def test_a_window_ends_with_a_day_or_the_number_of_a_span(tmp_path, until, expected):
    window = f"{{events: {{path: 'log-{{SPAN}}.csv'}}, window: {{last: 90{until}}}}}"
    settings = load(tmp_path, f"name: shop\nroot: runs\ndata: {window}\n")
    assert (settings.data.window.last, settings.data.window.until) == (90, expected)
    assert settings.data.events.path == str(tmp_path / "log-{SPAN}.csv")
    again = DataSettings.model_validate_json(settings.data.model_dump_json())
    assert again == settings.data


def test_numbers_in_scientific_notation_and_dates_are_read_as_written(tmp_path):
    settings = load(
        tmp_path,
        SMALL.replace("root: runs", "root: 2026-11-23") + "retriever: {learning_rate: 1e-3}\n",
    )
    assert settings.retriever.learning_rate == 1e-3
    assert settings.root.name == "2026-11-23"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("worker: 2", ["line 4", "`worker`: there is no such key", "`workers`"]),
        ("heads: 2", ["`heads`: there is no such key", "`retriever.heads`"]),
        ("retriever: {dimesion: 8}", ["`retriever.dimesion`", "`retriever.dimension`"]),
        ("zzz: 1", ["`zzz`: there is no such key", "may hold: name, root, seed"]),
        ("workers: 0", ["greater than or equal to 1", "Received: 0.", "default 1"]),
        ("workers: yes", ["must be a valid integer", "Received: true."]),
        ("seed: '7'", ["must be a valid integer", 'Received: "7".']),
        ("split: {protocol: random}", ["'time' or 'leave_one_out'", 'Received: "random".']),
        ("split: {eval_fraction: 0.5}", ["less than 0.5", "Received: 0.5."]),
        ("split: 3", ["`split` must hold keys of its own", "Received: 3."]),
        (
            "retriever: {dimension: 64, heads: 3}",
            ["`heads` must divide `dimension`", "heads 3, dimension 64"],
        ),
        (
            "retriever: {tuning: {trials: 2, space: {heads: [1, 2, 3]}}}",
            ["`heads` must divide `dimension`", "heads 3, dimension 64"],
        ),
        (
            "retriever: {tuning: {trials: 2, space: {droput: [0.1, 0.2]}}}",
            ["line 4", "`retriever`: `tuning.space` names settings", "Nearest: `dropout`"],
        ),
        (
            "ranker: {tuning: {trials: 2, space: {dropout: 0.1}}}",
            ["line 4", "`ranker.tuning.space`: the values of `dropout` are a list", "0.1"],
        ),
        (
            "ranker: {tuning: {space: {dropout: [0.1, 0.2]}}}",
            ["`ranker.tuning.trials` is required"],
        ),
        ("recommender: {sources: []}", ["`recommender.sources`", "Received: []"]),
        ("examples: {max_history: 10}", ["`examples.max_history` must not be below", "10 and 50"]),
        ("gates: {ndcg: {low: 1.0}}", ["a bound has `lower`, `upper`", "'low'"]),
        ("gates: {ndcg: {lower: .inf}}", ["each a finite number", "inf"]),
        ("gates: {ndcg: {lower: 2.0, upper: 1.0}}", ["may not lie above", "'ndcg'"]),
        ("gates: {ndgc_at_10: {lower: 0.1}}", ["`gates`", "ndgc_at_10", "ndcg_at_10"]),
        (
            "features: [{name: age, side: query, kind: number}]",
            ["query features come from the users table", "Received: age", "no `data.users`"],
        ),
        (
            "features: [{name: item_id, side: context, kind: id}]",
            ["may not take a name of the event log", "Received: 'item_id'"],
        ),
        (
            "features: [{name: a, side: context, kind: id}, {name: a, side: context, kind: id}]",
            ["each feature may be declared once", "'a' 2 times"],
        ),
        (
            "features: [{name: a, side: context, kind: text, separator: '|'}]",
            ["only features of kind category or id have a separator", "'|'"],
        ),
        ("features: [{side: context, kind: id}]", ["`features[0].name` is required"]),
        (
            "features: [{name: a, side: contxt, kind: id}]",
            ["`features[0].side` must be 'query', 'candidate' or 'context'", '"contxt"'],
        ),
    ],
)
def test_a_wrong_key_or_value_is_refused(tmp_path, line, words):
    said = refusal(tmp_path, SMALL + line + "\n")
    assert "shop.yaml" in said
    for word in words:
        assert word in said


def test_the_same_file_without_the_wrong_line_is_taken(tmp_path):
    assert load(tmp_path, SMALL).name == "shop"


def test_every_error_is_told_at_once_in_the_order_of_the_file(tmp_path):
    said = refusal(tmp_path, "name: My Shop\nworker: 2\n" + SMALL.removeprefix("name: shop\n"))
    assert "2 settings are wrong" in said
    assert said.index("line 1: `name` must match the pattern") < said.index("line 2: `worker`")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["must be a YAML mapping", "Received: an empty file", "sluice init"]),
        ("- a\n", ["must be a YAML mapping"]),
        ("name: shop\ndata: [a\n b: c\n", ["line 3, column 3", "this is not YAML", "'b: c'"]),
        ("name: a\nroot: r\nname: b\n", ["line 3: each key may stand once", "after line 1"]),
        ("name: a\ndata: {events: {path: a, path: b}}", ["`data.events.path` again"]),
        ("name: !!python/object:os.system x", ["this is not YAML"]),
        ("name: \x00", ["this is not YAML"]),
        ("name: shop\n", ["2 settings are wrong", "`root` is required", "`data` is required"]),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused(tmp_path, text, words):
    said = refusal(tmp_path, text)
    for word in words:
        assert word in said


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"cannot be read\. Received: .*nowhere\.yaml"):
        load_settings(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes("name: é".encode("latin-1"))
    with pytest.raises(SettingsError, match="not UTF-8 text"):
        load_settings(tmp_path / "latin.yaml")


def test_the_hash_changes_with_what_changes_the_outcome_and_with_nothing_else(tmp_path):
    base = settings_hash(load(tmp_path, SMALL))
    assert settings_hash(load(tmp_path, SMALL.replace("runs", "elsewhere"))) == base
    assert settings_hash(load(tmp_path, SMALL + "workers: 2\n")) == base
    assert settings_hash(load(tmp_path, SMALL + "serving: {rollout: canary}\n")) == base
    tried = "experiments: [{name: a, outcome: buy, arms: [{name: b}, {name: c}]}]\n"
    assert settings_hash(load(tmp_path, SMALL + tried)) == base
    assert settings_hash(load(tmp_path, SMALL + "seed: 18\n")) != base
    windowed = with_window(load(tmp_path, SMALL), "", 7)
    assert settings_hash(windowed) != base
    assert settings_hash(with_window(windowed, "2026-03-01", 0)) == settings_hash(windowed)
    assert settings_hash(with_window(windowed, "", 8)) != settings_hash(windowed)
    assert len(base) == 64


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_settings_file_that_ships_is_taken(path, monkeypatch):
    monkeypatch.setenv("SLUICE_CACHE", "/cache")
    settings = load_settings(path)
    assert settings.name == path.stem
    assert settings.data.events.path.startswith("/cache/")
    assert settings.root == CONFIGS.parents[1] / "runs" / path.stem


def test_a_relative_cache_folder_counts_from_where_one_stands(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICE_CACHE", "cache")
    assert expand_path("$SLUICE_CACHE/a", Path("/base"), "root") == str(tmp_path / "cache" / "a")
