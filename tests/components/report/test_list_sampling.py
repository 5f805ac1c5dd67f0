"""Sampled requests are answered by the models themselves, here by two tiny ones."""

import polars as pl
import pytest
from tfx.types import standard_artifacts

from components import artifacts
from components.report import list_sampling
from components.report.list_sampling import sample_lists
from tests.components.toy_recommender import ITEMS, ToyRecommender, item_id, raw_row, write_split
from transform.features import Feature

pytestmark = pytest.mark.slow

TITLE = Feature(name="title", side="candidate", kind="text")


def artifact(kind, folder):
    made = kind()
    made.uri = str(folder)
    return made


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Examples, tiles and two models: one knows the ring, the other a wrong one."""
    folder = tmp_path_factory.mktemp("shop")
    write_split(folder / "examples", "eval", [raw_row(user, 3) for user in range(30)])
    catalogue = [
        {"item_id": [item_id(i)], "title": [f"Film {i}"] if i else []} for i in range(ITEMS)
    ]
    write_split(folder / "examples", "catalogue", catalogue)
    examples = artifact(standard_artifacts.Examples, folder / "examples")
    examples.split_names = '["eval", "catalogue"]'
    models = {}
    for kind in ("good", "shuffled"):
        ToyRecommender(kind).save(folder / kind / "Format-Serving")
        models[kind] = artifact(standard_artifacts.Model, folder / kind)
    tiles = artifact(artifacts.Tiles, folder / "tiles")
    (folder / "tiles").mkdir()
    ring = {"item_id": map(item_id, range(ITEMS)), "follower_id": map(item_id, range(1, ITEMS + 1))}
    rules = pl.DataFrame({name: list(values) for name, values in ring.items()})
    rules.with_columns(weight=pl.lit(1.0, pl.Float32)).write_parquet(
        folder / "tiles" / artifacts.Tiles.CO_VIEW_FILE
    )
    return {"examples": examples, "tiles": tiles, **models}


def sampled(shop, model="good", baseline=None, seed=17, tiles=True):
    return sample_lists(
        examples=shop["examples"],
        model=shop[model],
        baseline_model=shop[baseline] if baseline else None,
        tiles=shop["tiles"] if tiles else None,
        features=[TITLE],
        seed=seed,
    )


def test_the_good_model_shows_what_comes_next_and_says_after_what(shop):
    found = sampled(shop)
    assert (found.sampled, found.change) == (30, None)
    for request in found.requests:
        first = request.new[0]
        assert first.target
        assert first.title in (request.target, first.item_id)
        assert first.after == request.history[0]
        assert 0.5 < first.score <= 1.0
    assert any(request.target.startswith("Film ") for request in found.requests)


def test_against_another_model_lists_change_and_against_itself_they_do_not(shop):
    assert sampled(shop, baseline="shuffled").change.same_first < 0.5
    same = sampled(shop, baseline="good").change
    assert (same.kept, same.same_list, same.movements) == (1.0, 1.0, ())


def test_the_seed_draws_the_users(shop, monkeypatch):
    monkeypatch.setattr(list_sampling, "_SAMPLE", 5)
    drawn = {
        seed: [request.user_id for request in sampled(shop, seed=seed).requests] for seed in (1, 2)
    }
    assert len(drawn[1]) == 5
    assert drawn[1] != drawn[2]
    assert [request.user_id for request in sampled(shop, seed=1).requests] == drawn[1]


def test_without_tiles_no_item_is_said_to_follow_another(shop):
    shown = [item for request in sampled(shop, tiles=False).requests for item in request.new]
    assert {item.after for item in shown} == {""}
