"""What is staged comes back as it was."""

import polars as pl
import pytest

from tests.transform.logs import write_dataset
from transform import staging
from transform.features import Feature
from transform.staging import stage

ROWS = [(f"u{u}", f"i{(u * 3 + n) % 20}", u + n) for u in range(12) for n in range(8)]
CITY = Feature(name="city", side="query", kind="category")


@pytest.fixture
def dataset(tmp_path):
    users = pl.DataFrame({"user_id": ["u1", "u2"], "city": ["Wien", None]})
    return write_dataset(tmp_path / "data", ROWS, users=users, features=(CITY,))


def test_every_partition_comes_back(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "PARTITION_EVENTS", 30)
    staged = stage(dataset.log, dataset.shop, str(tmp_path / "staged"))
    parts = list(dataset.log.histories.partitions(30))
    assert staged.partitions == len(parts) > 1
    for number, part in enumerate(parts):
        again = staged.histories(number)
        assert again.users.equals(part.users)
        assert again.events.equals(part.events)
        assert again.offsets.tolist() == part.offsets.tolist()


def test_the_shop_comes_back(dataset, tmp_path):
    again, shop = stage(dataset.log, dataset.shop, str(tmp_path / "staged")).shop(), dataset.shop
    assert again.items.equals(shop.items)
    assert again.types.equals(shop.types)
    assert again.tiles.items.equals(shop.tiles.items)
    assert again.tiles.co_view.equals(shop.tiles.co_view)
    assert (again.features, again.split, again.examples, again.seed) == (
        shop.features,
        shop.split,
        shop.examples,
        shop.seed,
    )


def test_removing_leaves_nothing(dataset, tmp_path):
    stage(dataset.log, dataset.shop, str(tmp_path / "staged")).remove()
    assert not (tmp_path / "staged").exists()
