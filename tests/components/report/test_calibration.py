"""The reliability diagram comes from the overall plot of the candidate model."""

import pytest

from components.report.calibration import read_calibration
from tests.components.report.artifacts_of_a_run import write_plots


def test_bins_are_means_of_their_candidates_by_rising_score(tmp_path):
    write_plots(tmp_path, [(16.0, 1.0, 8.0), (4.0, 2.0, 1.0), (0.0, 0.0, 0.0)])
    low, high = read_calibration(str(tmp_path))
    assert (low.count, low.predicted, low.observed) == (4.0, 0.25, 0.5)
    assert (high.count, high.predicted, high.observed) == (16.0, 0.5, 0.0625)


def test_an_evaluation_without_a_diagram_has_no_bins(tmp_path):
    assert read_calibration(str(tmp_path)) == ()


def test_a_truncated_file_is_an_error_and_not_an_empty_diagram(tmp_path):
    write_plots(tmp_path, [(4.0, 2.0, 1.0)])
    (file,) = tmp_path.glob("plots*")
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(Exception, match=r"(?i)truncated|corrupt|not complete|unexpected"):
        read_calibration(str(tmp_path))
