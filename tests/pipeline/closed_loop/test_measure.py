"""What measures a model in the closed loop does not favour the model that made the lists."""

import numpy as np
import polars as pl
import pytest

from pipeline.closed_loop.loop import settings_file
from pipeline.loading import load_settings
from simulation.choice import Behaviour, Visitors, relevance
from simulation.live.plan import LivePlan
from simulation.live.shop import LiveShop
from simulation.people import make_people
from simulation.world import make_world
from transform.event_log import ITEM, EventLog
from transform.splits import EVALUATING, assign_periods, held_out_events

PLAN = LivePlan(before=1, days=2, visitors=2000, users=3000, items=200, seed=5)
LIST = 10


def true_scores(plan):
    """Log-odds of a click of each user on each item [users, items]."""
    world = make_world(plan.world_plan())
    people = make_people(plan.world_plan(), world)
    users, items = np.arange(people.number), np.arange(world.items)
    pairs = np.repeat(users, world.items), np.tile(items, people.number)
    chance = relevance(world, Behaviour(), Visitors.of(people, world, 0, users), *pairs)
    return np.log(chance / (1 - chance)).reshape(people.number, world.items)


def best(scores):
    """The items of each user's list [users, LIST]."""
    return np.argsort(-scores, axis=1)[:, :LIST]


def log_of_days(shop, lists):
    """Events of three days on which a model's lists are shown."""
    rows, requests = [], 0
    for day in (0, 1, 2):
        step = shop.open(day)
        while "quality" not in step:
            asking = step["asking"]
            shown = [[f"i{item:07d}" for item in lists[int(user[1:])]] for user, _, _ in asking]
            for number, ((user, time, _), items) in enumerate(zip(asking, shown, strict=True)):
                name = f"r{requests + number}"
                rows += [(user, item, time, "impression", name) for item in items]
            step = shop.show(shown)
            rows += [
                (user, item, time, kind, f"r{requests + place}" if place >= 0 else None)
                for user, item, kind, time, place in step["deeds"]
            ]
            requests += len(asking)
    columns = ("user_id", "item_id", "event_time", "event_type", "request_id")
    return EventLog.of(pl.DataFrame(rows, columns, orient="row"), None, "impression")


def gain(log, split, served, other):
    """Share of requests whose item the other model lists, less that of the served; in errors."""
    log = log.with_period(assign_periods(log.histories, split))
    behaviours = log.histories.behaviours
    asked = held_out_events(log.histories, split, EVALUATING)
    users = behaviours.users["user_id"].gather(behaviours.user_of_event[asked])
    items = log.items.gather(behaviours.events[ITEM][asked])
    users, items = (ids.str.slice(1).cast(int).to_numpy() for ids in (users, items))
    hits = [(lists[users] == items[:, None]).any(axis=1) for lists in (other, served)]
    moved = hits[0].astype(float) - hits[1]
    return moved.mean() / (moved.std() / len(moved) ** 0.5)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Gains of an equal and of a better model, by all behaviours and by the loop's settings."""
    folder = tmp_path_factory.mktemp("shop")
    shop, rng = LiveShop(PLAN, folder / "items.parquet"), np.random.default_rng(3)
    truth = true_scores(PLAN)
    served, equal, better = (
        best(truth + rng.normal(0, error, truth.shape)) for error in (1.5, 1.5, 0.5)
    )
    log = log_of_days(shop, served)
    split = load_settings(settings_file(folder)).split
    splits = (split.model_copy(update={"held_out": "all"}), split)
    return [[gain(log, one, served, other) for other in (equal, better)] for one in splits]


def test_by_answers_to_its_lists_the_served_model_beats_one_that_is_truly_better(measured):
    [(equal, better), _] = measured
    assert equal < -4
    assert better < -4


def test_by_what_users_find_themselves_the_better_model_wins(measured):
    [_, (equal, better)] = measured
    assert abs(equal) < 3
    assert better > 3
