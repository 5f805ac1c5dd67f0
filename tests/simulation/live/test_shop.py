"""An open shop: its days, its truth, and what befalls it."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from simulation.arrays import sigmoid
from simulation.choice import INTERCEPT, QUALITY, Behaviour
from simulation.live.plan import LivePlan
from simulation.live.quality import best_clicks, expected_clicks
from simulation.live.shop import BROKEN, LiveShop
from simulation.people import make_people
from simulation.plan import DAY
from simulation.world import make_world

SIZES = {"before": 2, "days": 4, "visitors": 60, "users": 120, "items": 60, "seed": 3}


@pytest.fixture
def open_shop(tmp_path):
    def make(**changes):
        plan = LivePlan(**SIZES | changes)
        return plan, LiveShop(plan, tmp_path / "items.parquet")

    return make


def whole_day(shop, number, choose=lambda user, page: page):
    """Lets a day pass; returns who asked, what was done, and the truth."""
    step, asked, deeds = shop.open(number), [], []
    while "quality" not in step:
        asked += step["asking"]
        step = shop.show([choose(user, page) for user, _, page in step["asking"]])
        deeds += step["deeds"]
    return asked, deeds, step["quality"]


def test_the_same_plan_and_lists_give_the_same_day(open_shop):
    days = [whole_day(open_shop()[1], 1) for _ in range(2)]
    assert days[0] == days[1]
    assert days[0][0]
    assert days[0][1]


def test_the_deeds_of_a_user_come_after_the_list_they_answer(open_shop):
    plan, shop = open_shop()
    step = shop.open(1)
    asked = step["asking"]
    assert all(plan.midnight(1) <= time < plan.midnight(2) for _, time, _ in asked)
    step = shop.show([page for _, _, page in asked])
    answers = [deed for deed in step["deeds"] if deed[4] >= 0]
    for user, item, _, time, place in answers:
        assert asked[place][0] == user
        assert item in asked[place][2]
        assert time > asked[place][1]
    # What follows a click answers its list, too.
    assert {"click", "view", "cart"} <= {kind for _, _, kind, _, _ in answers}


def test_what_users_find_by_themselves_answers_no_list(open_shop):
    _, shop = open_shop()
    step, deeds = shop.open(1), []
    while "quality" not in step:
        step = shop.show([[] for _ in step["asking"]])
        deeds += step["deeds"]
    assert {kind for _, _, kind, _, _ in deeds} == {"view", "cart", "purchase"}
    assert {place for _, _, _, _, place in deeds} == {-1}


def test_everyone_who_asks_must_get_a_list(open_shop):
    _, shop = open_shop()
    with pytest.raises(ValueError, match="Received: lists, but no day is open"):
        shop.show([])
    asking = shop.open(1)["asking"]
    with pytest.raises(ValueError, match=f"Received: 1 lists for {len(asking)} visitors"):
        shop.show([asking[0][2]])


def test_the_quality_of_a_list_is_the_clicks_that_are_to_be_expected(open_shop):
    _, shop = open_shop(visitors=2000, users=3000)
    _, deeds, quality = whole_day(shop, 1)
    clicks = sum(deed[2] == "click" for deed in deeds)
    assert quality["clicks"] == clicks
    assert quality["expected"] == pytest.approx(clicks, rel=4 / clicks**0.5)
    assert quality["expected"] == pytest.approx(quality["own_page"])
    assert sum(rung["lists"] for rung in quality["rungs"].values()) == quality["lists"]


def true_best(plan):
    """For each user the best items by the formula of a click, written out once more."""
    world = make_world(plan.world_plan())
    people = make_people(plan.world_plan(), world)
    worth = INTERCEPT + Behaviour().taste * people.factors(world, 0) @ world.factors.T
    worth = worth + QUALITY * world.quality - np.outer(people.price_sensitivity, world.dearness)
    day = plan.midnight(1)
    hidden = (world.available_from > day) | (world.available_to < day + DAY)
    return np.argsort(-np.where(hidden, -np.inf, sigmoid(worth)), axis=1)[:, :10]


def test_lists_of_the_best_items_reach_the_best_and_nothing_is_unavailable(open_shop):
    plan, shop = open_shop()
    best = true_best(plan)
    _, _, quality = whole_day(
        shop, 1, lambda user, _: [f"i{item:07d}" for item in best[int(user[1:])]]
    )
    assert quality["expected"] == pytest.approx(quality["best"], rel=0.02)
    assert quality["unavailable"] == 0
    assert quality["own_page"] < 0.6 * quality["best"]


def test_an_item_that_is_not_on_sale_is_counted(open_shop):
    plan, shop = open_shop()
    world = make_world(plan.world_plan())
    late = int(np.argmax(world.available_from))
    assert world.available_from[late] >= plan.midnight(2)
    asked, _, quality = whole_day(shop, 1, lambda user, page: [f"i{late:07d}"])
    assert quality["unavailable"] == len(asked)


def test_a_drift_makes_yesterdays_best_lists_worse(open_shop):
    plan, shop = open_shop(drift_day=2)
    best = true_best(plan)

    def choose(user, page):
        return [f"i{item:07d}" for item in best[int(user[1:])]]

    before, after = (whole_day(shop, day, choose)[2] for day in (1, 2))
    assert after["expected"] / after["best"] < 0.85 * before["expected"] / before["best"]


def test_what_users_did_before_a_drift_tells_nothing_of_those_it_changes(open_shop):
    _, shop = open_shop(drift_day=3)
    for day in (1, 2, 3):
        quality = whole_day(shop, day)[2]
        known, rungs = quality["best_by_known"], quality["rungs"]
        as_before = {name: rung["best"] for name, rung in rungs.items()}
        assert sum(known.values()) == pytest.approx(quality["best"])
        assert (known == pytest.approx(as_before)) == (day < 3)
    assert known["0"] > 1.2 * as_before["0"]
    assert known["30+"] < as_before["30+"]


def test_a_burst_brings_items_and_users(open_shop, tmp_path):
    newcomers, items = [], []
    for changes in ({}, {"burst_day": 2}):
        _, shop = open_shop(**changes)
        for day in (1, 2):
            quality = whole_day(shop, day)[2]
            items.append(len(pl.read_parquet(tmp_path / "items.parquet")))
        newcomers.append(quality["rungs"]["0"]["lists"])
    assert newcomers[1] > newcomers[0] + 5
    assert items[3] - items[2] > items[1] - items[0] + 5


def test_a_broken_export_lasts_for_a_day(open_shop, tmp_path):
    _, shop = open_shop(broken_day=2)
    categories = []
    for day in (1, 2, 3):
        shop.open(day)
        categories.append(set(pl.read_parquet(tmp_path / "items.parquet")["category"]))
    assert categories[1] == {BROKEN}
    assert BROKEN not in categories[0] | categories[2]


def test_days_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"`drift_day` must be one of the 3 days\. Received: 4"):
        LivePlan(drift_day=4)
    with pytest.raises(ValueError, match=r"`visitors` must be at least 1\. Received: 0"):
        LivePlan(visitors=0)


def test_the_best_list_has_the_likeliest_items_from_the_top():
    relevance, examination = np.array([[0.1, 0.5, 0.2]]), np.array([1.0, 0.5])
    assert best_clicks(relevance, examination) == pytest.approx([0.6])
    assert expected_clicks(relevance[:, :2], examination) == pytest.approx([0.35])


def test_it_speaks_lines_of_json(tmp_path):
    file = tmp_path / "items.parquet"
    command = [sys.executable, "-m", "simulation.live", f"--items-file={file}", "--visitors=20"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:

        def ask(question):
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        step = ask({"open": -6})
        assert step["date"] == "2024-01-01"
        assert file.exists()
        assert ask({"lists": [page for _, _, page in step["asking"]]})["deeds"]
        process.stdin.write(json.dumps({"lists": []}) + "\n")
        process.stdin.close()
        assert process.wait() == 2
        assert "Everyone who asks must get a list." in process.stderr.read()
