"""Two policies side by side: one log tells of the other, or that it cannot."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.ope import environment
from benchmarks.ope.open_bandit import Impressions, compared, read, shares

RATES = np.array([0.3, 0.1, 0.05, 0.2])
UNIFORM = np.full((3, 4), 0.25)
LEARNED = np.array([[0.5, 0.2, 0.1, 0.2], [0.4, 0.2, 0.2, 0.2], [0.4, 0.3, 0.1, 0.2]])


def served(policy, rates, seed, rows=6_000):
    rng = np.random.default_rng(seed)
    place = rng.integers(0, 3, rows)
    item = (rng.random((rows, 1)) > policy[place].cumsum(axis=1)).sum(axis=1)
    click = (rng.random(rows) < rates[item]).astype(float)
    return Impressions(item, place, click, policy[place, item])


@pytest.mark.parametrize(("log", "other"), [(LEARNED, UNIFORM), (UNIFORM, LEARNED)])
def test_a_log_tells_of_the_other_policy(log, other):
    rows = list(compared("x", served(log, RATES, 3), other, served(other, RATES, 4)))
    assert [row.holds for row in rows] == [True, True]
    truth = 1000 * (other * RATES).sum(axis=1).mean()
    assert rows[0].value == pytest.approx(truth, rel=0.1)
    assert rows[0].peers["lower"] < truth < rows[0].peers["upper"]


def test_a_log_of_another_shop_does_not():
    own = served(UNIFORM, RATES / 2, 2)
    rows = list(compared("x", served(LEARNED, RATES, 1), UNIFORM, own))
    assert [row.holds for row in rows] == [False, False]


def test_a_log_in_which_one_impression_decides_is_refused_without_switch():
    log, own = served(LEARNED, RATES, 1), served(UNIFORM, RATES, 2)
    log.propensity[0] = 1e-6
    plain, switched = compared("x", log, UNIFORM, own)
    assert plain.measure == "x, SNIPS: refused"
    assert (plain.value, plain.holds) == (None, None)
    assert plain.peers["effective impressions"] < 2
    assert switched.holds


def test_shares_are_counted_at_each_place():
    log = Impressions(np.array([0, 1, 1, 2, 0]), np.array([0, 0, 1, 2, 2]), *np.ones((2, 5)))
    assert shares(log, 3).tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]]


def test_a_log_of_the_sample_is_read(tmp_path):
    folder = tmp_path / "bts" / "men"
    folder.mkdir(parents=True)
    (folder / "men.csv").write_text(
        ",timestamp,item_id,position,click,propensity_score\n0,x,3,1,0,0.5\n1,y,0,3,1,0.25\n"
    )
    log = read(tmp_path, "bts", "men")
    assert log.item.tolist() == [3, 0]
    assert log.place.tolist() == [0, 2]
    assert log.click.tolist() == [0.0, 1.0]
    assert log.propensity.tolist() == [0.5, 0.25]


def test_a_package_without_the_sample_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "python_of", lambda *_: Path(tmp_path, "bin", "python"))
    with pytest.raises(RuntimeError, match="must come with obp"):
        environment.sample_folder()
