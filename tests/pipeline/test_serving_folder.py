"""Which version is served."""

import pytest

from pipeline.errors import RunError
from pipeline.serving_folder import pushed_model, served_version, serving_folder


def test_the_newest_complete_version_counts(shop):
    assert served_version(shop.settings) is None
    shop.version(9)
    newest = shop.version(10)
    (serving_folder(shop.settings) / "11").mkdir()
    assert served_version(shop.settings) == 10
    assert pushed_model(shop.settings) == newest


def test_before_the_first_push_it_says_so(shop):
    with pytest.raises(RunError, match=r"a model must have been pushed.*Run the pipeline first"):
        pushed_model(shop.settings)
