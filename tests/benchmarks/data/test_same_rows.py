"""Sluice and the plain definition write the same rows of an awkward log."""

import dataclasses
from pathlib import Path

import pytest

from benchmarks.data import per_element
from benchmarks.data.digest import ROWS, differences, digests
from benchmarks.data.workshop import Side, Workshop
from tests.benchmarks.data.logs import write_log

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(scope="module")
def log(shop):
    return write_log(shop.folder / "log")


@pytest.fixture(scope="module")
def ours(shop, log):
    shop.run(Side.SLUICE, log)
    return digests(shop.examples(Side.SLUICE, log), shop.job(Side.SLUICE, log))


def plain(job):
    per_element.run(job)
    return digests(Path(job.out), job)


def test_every_feature_of_every_row_is_the_same(shop, log, ours):
    job = shop.job(Side.PER_ELEMENT, log)
    assert all(int(features[ROWS]) > 10 for features in ours.values())
    assert differences(ours, plain(job)) == []


def test_another_definition_is_told_from_ours(shop, log, ours):
    job = dataclasses.replace(
        shop.job(Side.PER_ELEMENT, log), out=str(shop.folder / "other"), attribution_seconds=600
    )
    assert differences(ours, plain(job)) == [
        "ranking/label",
        "ranking/label_click",
        "ranking/label_purchase",
    ]
