"""What is no log is refused, and why."""

from __future__ import annotations

import numpy as np
import pytest

from components.off_policy.logged import Logged

ONE = np.ones((2, 3))
USERS = np.arange(2)


def test_a_log_of_lists_is_taken() -> None:
    assert Logged(USERS, ONE, ONE, ONE).reward.shape == (2, 3)


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ((np.arange(3), ONE, ONE, ONE), "a user for each list"),
        ((USERS, ONE, ONE[:, :2], ONE), "a user for each list"),
        ((USERS, ONE[:, 0], ONE[:, 0], ONE[:, 0]), "a user for each list"),
        ((USERS[:0], ONE[:0], ONE[:0], ONE[:0]), "a user for each list"),
        ((USERS, ONE * np.nan, ONE, ONE), "Every reward must be a number"),
        ((USERS, ONE, ONE * 0, ONE), "`propensity` must be a probability, above 0"),
        ((USERS, ONE, ONE * np.nan, ONE), "`propensity` must be a probability, above 0"),
        ((USERS, ONE, ONE, ONE * 1.5), "`target` must be a probability, 0 or more"),
        ((USERS, ONE, ONE, -ONE), r"Received: \[-1.0, -1.0, -1.0, -1.0, -1.0\] \(6 such\)"),
    ],
)
def test_what_is_no_log_is_refused(columns: tuple[np.ndarray, ...], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Logged(*columns)
