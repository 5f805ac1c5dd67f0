"""Measures of traffic, from first principles on small logs and by chance on larger ones."""

import numpy as np
import pytest

from components.traffic.measure import measure
from components.traffic.rows import read_rows
from components.traffic.span import Span
from pipeline.gates import DATA
from serving.stream.log_files import DAY_SECONDS
from tests.components.traffic.logs import HOUR, NOW, did, shown, write

SPAN = Span(NOW, hours=24, reference_days=7, attribution_hours=6)
JUDGED = NOW - 10 * HOUR  # shown so long ago that what follows is known
TRAINED = {NOW - DAY_SECONDS: NOW - 20 * DAY_SECONDS}  # of a version with refreshed items
BEFORE = NOW - 3 * DAY_SECONDS


def measured(folder, messages, span=SPAN, catalogue=None, limit=10**6):
    rows = read_rows(write(folder, messages), span, "impression", limit)
    return measure(rows, span, catalogue, lambda version: TRAINED.get(version, version))


def test_a_small_log_is_measured_exactly(tmp_path):
    found = measured(
        tmp_path,
        [
            shown("ann", JUDGED, "ab", [0.5, 0.25]),
            did("ann", JUDGED + HOUR, "a"),
            shown("bob", JUDGED, "ac", [0.5, 0.25]),
            shown("cid", NOW - HOUR, "d", source="fallback"),
            shown("dan", NOW - HOUR, "a", [0.9]),  # nobody knows yet what comes of it
            shown("eve", NOW - HOUR, "e", source="editors"),  # no model was asked
        ],
        catalogue=8,
    )
    assert (found.lists, found.judged, found.positives) == (5, 4, 1)
    assert found.fallback_share == pytest.approx(1 / 4)
    assert found.calibration == pytest.approx(1.5)
    loss = -(np.log(0.5) + np.log(0.5) + 2 * np.log(0.75)) / 4
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert found.normalised_entropy == pytest.approx(loss / entropy)
    assert found.catalogue_coverage == pytest.approx(3 / 8)
    assert (found.model_version, found.model_age_seconds) == (
        NOW - 5 * DAY_SECONDS,
        5 * DAY_SECONDS,
    )
    assert (found.last_event, found.user_share) == (NOW - HOUR, 1.0)
    assert found.score_drift is None  # there is nothing before the window
    assert found.popularity_lift is None


def test_a_deed_is_credited_to_the_latest_impression_and_in_time(tmp_path):
    early, late = JUDGED - 7 * HOUR, JUDGED
    found = measured(
        tmp_path,
        [
            shown("ann", early, "a", [0.5]),
            shown("ann", late, "a", [0.5]),
            did("ann", late + HOUR, "a"),  # of the second
            shown("bob", early, "a", [0.5]),
            did("bob", early + 7 * HOUR, "a"),  # too late
            shown("cid", late, "a", [0.5]),
            did("cid", late - 1, "a"),  # before it
            did("cid", late + 1, "b"),  # another item
        ],
    )
    assert (found.judged, found.positives) == (4, 1)


def test_an_event_that_was_logged_twice_counts_once(tmp_path):
    messages = [shown("ann", JUDGED, "ab", [0.5, 0.5]), did("ann", JUDGED + 1, "a")]
    once = measured(tmp_path / "once", messages)
    assert measured(tmp_path / "twice", [*messages, *messages]) == once


def test_what_is_outside_the_span_is_not_read(tmp_path):
    inside = [shown("ann", JUDGED, "a", [0.5])]
    outside = [
        shown("bob", SPAN.begin - 1, "b", [0.5]),
        shown("cid", NOW, "c", [0.5]),
        shown("dan", NOW - 40 * DAY_SECONDS, "d", [0.5]),
    ]
    alone = measured(tmp_path / "alone", inside)
    assert measured(tmp_path / "more", inside + outside) == alone


def test_nothing_is_known_of_an_empty_log(tmp_path):
    found = measured(tmp_path, [])
    assert found.lists == found.judged == 0
    assert {
        *(found.calibration, found.normalised_entropy, found.score_drift, found.fallback_share),
        *(found.catalogue_coverage, found.popularity_lift, found.model_version, found.last_event),
    } == {None}


def scored(random, users, at, mean):
    """Lists of one item, with scores around a mean in log-odds."""
    for user in range(users):
        score = 1 / (1 + np.exp(-random.normal(mean, 1.0)))
        yield shown(f"u{user}", at, "a", [float(score)])


def drift_of(folder, seed, mean):
    random = np.random.default_rng(seed)
    before = scored(random, 2000, BEFORE, -2.0)
    found = measured(folder, [*before, *scored(random, 2000, JUDGED, mean)])
    return found.score_drift - found.score_drift_noise


def test_scores_that_moved_are_drift_and_chance_is_none(tmp_path):
    bound = DATA.number_drift.upper
    assert drift_of(tmp_path / "moved", 0, mean=-0.5) > bound
    for seed in range(5):
        assert drift_of(tmp_path / str(seed), seed, mean=-2.0) < 0


def test_missing_scores_are_drift(tmp_path):
    users = [f"u{n}" for n in range(2000)]
    found = measured(
        tmp_path,
        [
            *(shown(user, BEFORE, "a", [0.5]) for user in users),
            *(shown(user, JUDGED, "a") for user in users),
        ],
    )
    assert found.score_drift == pytest.approx(1.0)
    assert found.judged == 0


def test_popularity_is_that_of_what_users_took_before(tmp_path):
    taken = [did(f"u{n}", BEFORE + n, "a" if n < 30 else "b") for n in range(40)]
    # 30 and 10 deeds: a deed is of an item with (30 x 30 + 10 x 10) / 40 = 25 of them.
    for items, lift in (("a", 30 / 25), ("b", 10 / 25), ("ab", 20 / 25), ("c", 0.0)):
        found = measured(tmp_path / items, [*taken, shown("u1", JUDGED, items)])
        assert found.popularity_lift == pytest.approx(lift)


def test_a_sample_of_users_keeps_what_belongs_together(tmp_path):
    random = np.random.default_rng(3)
    messages = []
    for user in range(4000):
        messages.append(shown(f"u{user}", JUDGED, [f"i{user % 50}"], [0.25]))
        if random.random() < 0.25:
            messages.append(did(f"u{user}", JUDGED + 60, f"i{user % 50}"))
    folder = write(tmp_path, messages)
    whole = measure(read_rows(folder, SPAN, "impression", 10**6), SPAN, 100, int)
    rows = read_rows(folder, SPAN, "impression", 1000)
    part = measure(rows, SPAN, 100, int)
    assert len(rows.sample) <= 1000
    assert part.user_share in (1 / 8, 1 / 16)
    assert part.lists == pytest.approx(4000 * part.user_share, rel=0.25)
    assert part.catalogue_coverage == whole.catalogue_coverage == 0.5
    assert whole.calibration == pytest.approx(1.0, rel=0.1)
    assert part.calibration == pytest.approx(1.0, rel=0.35)


def test_refreshed_items_make_no_model_younger(tmp_path):
    refreshed = NOW - DAY_SECONDS
    found = measured(tmp_path, [shown("ann", NOW - HOUR, "a", [0.5], version=refreshed)])
    assert (found.model_version, found.model_age_seconds) == (refreshed, 20 * DAY_SECONDS)
