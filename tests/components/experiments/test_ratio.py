"""Sample-ratio mismatch: lost users are found, chance is not, even when looked at every day."""

import numpy as np
import pytest

from components.experiments.ratio import check_ratio


@pytest.mark.parametrize(
    ("users", "shares", "holds"),
    [
        ((5_000, 5_000), (1, 1), True),
        ((5_050, 4_950), (1, 1), True),
        ((10_000, 9_400), (1, 1), False),  # six of a hundred lost
        ((9_000, 1_000), (9, 1), True),
        ((9_000, 1_000), (1, 1), False),
        ((3_000, 3_000, 3_400), (1, 1, 1), False),
        ((0, 0), (1, 1), True),
        ((0, 50), (1, 1), False),
    ],
)
def test_counts_against_shares(users, shares, holds):
    assert check_ratio(users, shares).holds is holds


def test_expected_counts_and_chance_by_hand():
    found = check_ratio([60, 40], [1, 1])
    assert found.expected == (50.0, 50.0)
    assert found.chance == pytest.approx(0.0455, abs=1e-4)  # chi-square 4 with one degree


def test_thirty_daily_looks_stop_hardly_any_sound_experiment():
    rng = np.random.default_rng(11)
    treated = rng.binomial(500, 0.5, (300, 30)).cumsum(1)
    total = 500 * np.arange(1, 31)
    stopped = sum(
        not all(check_ratio((t, n - t), (1, 1)).holds for t, n in zip(row, total, strict=True))
        for row in treated.tolist()
    )
    assert stopped <= 6  # 2 %
