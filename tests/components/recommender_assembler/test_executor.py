"""What a base leaves to the recommender that is composed after it."""

from __future__ import annotations

from pathlib import Path

from tfx.types import standard_artifacts

from components.recommender_assembler.executor import _earlier
from tests.trainer.recommender.test_record import EARLIER


def base(folder: Path) -> list[standard_artifacts.Model]:
    artifact = standard_artifacts.Model()
    artifact.uri = str(folder)
    return [artifact]


def test_the_record_of_the_base_is_taken(tmp_path: Path) -> None:
    EARLIER.write(tmp_path)
    found = _earlier(base(tmp_path), code=EARLIER.record.code)
    assert found is not None
    assert found.record == EARLIER.record


def test_one_that_other_code_has_written_is_not(tmp_path: Path) -> None:
    EARLIER.write(tmp_path)
    assert _earlier(base(tmp_path), code="other") is None


def test_there_may_be_none(tmp_path: Path) -> None:
    assert _earlier(base(tmp_path), code="abc") is None
    assert _earlier([], code="abc") is None
