"""What the node keeps of the rows that the served model was made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from tfx.types import artifact_utils, standard_artifacts

from components.item_refresh.executor import _write_examples
from transform.features import splits


def examples(folder: Path, names: list[str]) -> standard_artifacts.Examples:
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    artifact.split_names = artifact_utils.encode_split_names(names)
    return artifact


@pytest.mark.parametrize("shown", [False, True])
def test_rows_that_calibrate_and_measure_stay_as_they_are(tmp_path: Path, shown: bool) -> None:
    trained = examples(tmp_path / "trained", splits(shown=shown))
    for split in splits(shown=shown):
        folder = tmp_path / "trained" / f"Split-{split}"
        folder.mkdir(parents=True)
        (folder / "rows.gz").write_text(split)
    made = examples(tmp_path / "made", [])
    _write_examples(trained, made, [])
    kept = artifact_utils.decode_split_names(made.split_names)
    assert set(kept) == set(splits(shown=shown)) - {"train", "ranking"}
    assert {path.name for path in (tmp_path / "made").iterdir()} == {f"Split-{s}" for s in kept}
    for split in kept[:-1]:
        assert (tmp_path / "made" / f"Split-{split}" / "rows.gz").read_text() == split
    assert not (tmp_path / "made" / "Split-catalogue" / "rows.gz").exists()
