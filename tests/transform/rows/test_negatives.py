"""Candidates: what may be drawn, and with which probability."""

import numpy as np
import polars as pl
import pytest

from tests.transform.logs import frame
from transform.aggregation.followers import Followers
from transform.event_log import EventLog
from transform.rows import negatives
from transform.rows.negatives import CandidateSampler, Requests
from transform.rows.own_items import OwnItems
from transform.rows.seen import SeenItems

ITEMS = 400
COUNTS = np.maximum(0, 500 // np.arange(1, ITEMS + 1) - 1)  # the last items were never taken
KNOWN = np.flatnonzero(COUNTS)
TILE = pl.DataFrame(
    {"#item": [0] * 5, "follower": [10, 20, 30, 40, 50], "weight": [5.0, 4.0, 3.0, 2.0, 1.0]},
    schema={"#item": pl.Int32, "follower": pl.Int32, "weight": pl.Float32},
)


def requests(rows, had=(0, 3, 7), positive=5, own=None):
    """The same request many times under different keys: a user who has had some items."""
    ids = [f"{code:03d}" for code in range(ITEMS)]
    log = EventLog.of(frame([("u", ids[code], time) for time, code in enumerate(had)]))
    codes = pl.Series([ids.index(item) for item in log.items])
    histories = log.histories
    events = histories.events.with_columns(codes.gather(histories.events["#item"]).alias("#item"))
    histories = type(histories)(histories.users, histories.offsets, events)
    zeros = np.zeros(rows, np.int64)
    return Requests(
        key=np.arange(rows, dtype=np.uint64) * np.uint64(7919),
        positive=zeros + positive,
        recent=np.tile([-1, 3, 0], (rows, 1)),
        user=zeros,
        first=zeros,
        until=zeros + len(had),
        seen=SeenItems(histories, ITEMS),
        start=zeros,
        end=zeros + len(own or ()),
        own=OwnItems(np.array(own), COUNTS > 0) if own else None,
    )


def sample(rows, candidates=8, counts=COUNTS, **asked):
    sampler = CandidateSampler(counts, Followers(TILE, ITEMS, 0.8), candidates)
    drawn = sampler.sample(requests(rows, **asked))
    ends = np.cumsum(drawn.counts)[:-1]
    return [
        pl.DataFrame({"item": item, "label": label, "probability": probability})
        for item, label, probability in zip(
            np.split(drawn.item, ends),
            np.split(drawn.label, ends),
            np.split(drawn.probability, ends),
            strict=True,
        )
    ]


# With 8 candidates rows draw one by one, with 60 they look at every item.
@pytest.mark.parametrize("candidates", [8, 60])
def test_a_row_holds_its_positive_once_and_new_negatives(candidates):
    for row in sample(50, candidates):
        assert len(row) == candidates
        assert row["item"].n_unique() == candidates
        positive = row.filter(pl.col("label") == 1)
        assert positive.rows() == [(5, 1.0, 1.0)]
        negatives = row.filter(pl.col("label") == 0)
        assert not set(negatives["item"]) & {0, 3, 5, 7}
        assert (COUNTS[negatives["item"]] > 0).all()
        assert negatives["probability"].is_between(0, 1).all()


def test_the_place_of_the_positive_says_nothing():
    places = [row["label"].arg_max() for row in sample(4000)]
    share = np.bincount(places, minlength=8) / len(places)
    assert abs(share - 1 / 8).max() < 0.02


@pytest.mark.parametrize("own", [None, (90, 399, 90, 120)])
@pytest.mark.parametrize("candidates", [8, 60])
def test_weights_of_one_over_probability_undo_the_sampling(candidates, own):
    """Horvitz-Thompson: weighted sums over the sample are the sums over all allowed items."""
    allowed = np.setdiff1d(KNOWN, [0, 3, 5, 7])
    rows = 6000 if candidates == 8 else 600
    negatives = pl.concat(sample(rows, candidates, own=own)).filter(pl.col("label") == 0)
    weight = 1 / negatives["probability"].to_numpy()
    item = negatives["item"].to_numpy()
    assert weight.sum() / rows == pytest.approx(len(allowed), rel=0.05)
    for group in (allowed[:20], [10, 20, 30, 40, 50], [90, 120], allowed[-100:]):
        total = weight[np.isin(item, group)].sum() / rows
        assert total == pytest.approx(len(group), rel=0.1)


def test_half_of_the_negatives_follow_the_history_while_there_are_enough():
    first = np.concatenate([row.filter(pl.col("label") == 0)["item"] for row in sample(5000, 2)])
    assert np.isin(first, [10, 20, 30, 40, 50]).mean() == pytest.approx(0.5, abs=0.06)


OWN = (90, ITEMS - 1, 90, 120)  # 90 twice; the last item was never taken


def first_negatives(**asked):
    return np.concatenate([row.filter(label=0)["item"] for row in sample(5000, 2, **asked)])


def test_where_the_history_is_a_source_a_quarter_comes_from_it():
    first = first_negatives(own=OWN)
    assert (first == 90).mean() == pytest.approx(0.25 * 2 / 3, abs=0.02)
    assert (first == 120).mean() == pytest.approx(0.25 / 3, abs=0.02)
    assert np.isin(first, [10, 20, 30, 40, 50]).mean() == pytest.approx(0.25, abs=0.06)
    assert not (first == ITEMS - 1).any()


def test_a_history_without_a_known_item_gives_popular_ones():
    alike = [
        np.bincount(first_negatives(own=own), minlength=ITEMS) for own in (OWN[1:2], OWN[1:2] * 3)
    ]
    assert (alike[0] == alike[1]).all()
    assert alike[0][1] > 1.5 * np.bincount(first_negatives(), minlength=ITEMS)[1]


def test_popular_items_are_drawn_more_often():
    negatives = pl.concat(sample(2000)).filter(pl.col("label") == 0)["item"].to_numpy()
    assert (negatives == 1).sum() > 3 * (negatives == 150).sum()


def test_a_small_catalogue_gives_fewer_candidates_all_of_them_certain():
    counts = np.zeros(ITEMS, np.int64)
    counts[[0, 1, 3, 5]] = 1
    for row in sample(5, 8, counts):
        assert sorted(row["item"]) == [1, 5]
        assert row["probability"].to_list() == [1.0, 1.0]


def test_an_exhausted_catalogue_leaves_the_positive_alone():
    counts = np.zeros(ITEMS, np.int64)
    counts[[0, 5]] = 1
    assert [row["item"].to_list() for row in sample(3, 8, counts)] == [[5]] * 3


def test_a_row_does_not_depend_on_the_rows_beside_it():
    assert all(one.equals(other) for one, other in zip(sample(3), sample(40), strict=False))


@pytest.mark.parametrize("candidates", [8, 60])
def test_rows_do_not_depend_on_how_many_are_worked_on_at_a_time(candidates, monkeypatch):
    whole = sample(30, candidates)
    monkeypatch.setattr(negatives, "_CHUNK_CELLS", 1000)
    assert all(one.equals(other) for one, other in zip(whole, sample(30, candidates), strict=True))


def test_no_request_gives_no_candidate():
    assert sample(0) == [] or len(sample(0)[0]) == 0
