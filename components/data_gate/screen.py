"""The screen for columns that reveal the label: the AUC of every single feature.

A model that learns from a column made after the fact looks brilliant until it is served. Such a
column orders taken before not taken almost perfectly, all by itself; an honest one does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from components.example_columns import ValueType, read_batches
from transform import features as f
from transform.features import Feature, Kind

# Below so many candidates of either label, an AUC says nothing.
MIN_CANDIDATES = 30
_FOLDS = 5
# Candidates of the average rate that are added to each value of a category.
_PRIOR = 10.0
_USER, _REQUEST = "#user", "#request"


@dataclass(frozen=True)
class Revealed:
    """What a single feature says about the label.

    Attributes:
        auc: Chance that a taken candidate has a higher value than one not taken.
        candidates: Candidates of the rarer label.
    """

    auc: float
    candidates: int


def screen(
    ranking: Sequence[str],
    catalogue: Sequence[str],
    columns: Mapping[str, ValueType],
    features: Sequence[Feature],
    rows: int,
) -> dict[str, Revealed]:
    """The AUC of each feature against the label.

    A feature of the candidates is also measured within requests, and the AUC farther from 1/2
    counts. Of a category it is the AUC of the rate at which others took candidates with that
    value: the rate is learned from other users. A missing number is the lowest.

    Args:
        ranking: Folders of the ranking rows.
        catalogue: Folders of the catalogue rows, for the features of the items.
        columns: Columns of the ranking rows that might reveal the label.
        features: Declared features.
        rows: Requests to look at, about. The first ones are a random sample of the users.
    """
    wanted = {**columns, f.USER_ID: "bytes", f.LABEL: "float", f.CANDIDATE_ITEM_ID: "bytes"}
    requests = _head(ranking, wanted, rows)
    if requests is None:
        return {}
    candidates = _candidates(requests, columns)
    items = [x for x in f.candidate_features(features) if x.kind is not Kind.TEXT]
    candidates = _with_items(candidates, catalogue, items)
    single = set(candidates.columns) - {_USER, _REQUEST, f.LABEL}
    return {name: _revealed(candidates, name) for name in sorted(single)}


def _head(uris: Sequence[str], columns: Mapping[str, ValueType], rows: int) -> pl.DataFrame | None:
    """The first rows; None where there are none, which another check names."""
    batches: list[pl.DataFrame] = []
    for _, frame in read_batches(uris, columns):
        batches.append(frame)
        if sum(map(len, batches)) >= rows:
            break
    return pl.concat(batches).with_row_index(_REQUEST) if batches else None


def _candidates(requests: pl.DataFrame, columns: Mapping[str, ValueType]) -> pl.DataFrame:
    """One row a candidate; a feature of the request is repeated for each of its candidates.

    A column that has neither one value a request nor one a candidate is left out: histories.
    """
    width = requests[f.LABEL].list.len()
    aligned, repeated = [f.LABEL, f.CANDIDATE_ITEM_ID], [pl.col(_REQUEST)]
    for name in columns.keys() - {*aligned}:
        count = requests[name].list.len()
        if (count <= 1).all():
            repeated.append(pl.col(name).list.first())
        elif (count == width).all():
            aligned.append(name)
    # Rows of one user follow each other.
    user = requests[f.USER_ID].list.first().rle_id().alias(_USER)
    table = requests.select(user, *repeated, *aligned).filter(width > 0)
    return table.explode(aligned)


def _with_items(
    candidates: pl.DataFrame, catalogue: Sequence[str], features: Sequence[Feature]
) -> pl.DataFrame:
    """The same with the features of the items."""
    if not features:
        return candidates
    columns: dict[str, ValueType] = {f.ITEM_ID: "bytes"}
    for feature in features:
        numeric: ValueType = "int" if feature.kind is Kind.TIME else "float"
        columns[feature.name] = numeric if feature.is_numeric else "bytes"
    known = candidates[f.CANDIDATE_ITEM_ID].unique().implode()
    items = [
        frame.select(pl.all().list.first()).filter(pl.col(f.ITEM_ID).is_in(known))
        for _, frame in read_batches(catalogue, columns)
    ]
    return candidates.join(
        pl.concat(items), left_on=f.CANDIDATE_ITEM_ID, right_on=f.ITEM_ID, how="left"
    )


def _revealed(candidates: pl.DataFrame, name: str) -> Revealed:
    label = candidates[f.LABEL] > 0
    values = candidates[name]
    if values.dtype == pl.Binary:
        values = _rates_of_others(candidates, name)
    values = values.cast(pl.Float64).fill_nan(None).fill_null(-np.inf)
    whole = pl.Series(np.zeros(len(values), np.int32))
    found = [_auc(values, label, group) for group in (whole, candidates[_REQUEST])]
    auc = max(found, key=lambda value: abs(value - 0.5))
    taken = int(label.sum())
    return Revealed(auc, min(taken, len(label) - taken))


def _rates_of_others(candidates: pl.DataFrame, name: str) -> pl.Series:
    """The rate of taken candidates with the same value, among the users of the other folds."""
    taken = (pl.col(f.LABEL) > 0).cast(pl.Float64)
    folded = candidates.select(name, taken.alias("taken"), fold=pl.col(_USER) % _FOLDS)
    mean = pl.col("taken").mean()
    own, all_folds = [name, "fold"], [name]
    others_taken = pl.col("taken").sum().over(all_folds) - pl.col("taken").sum().over(own)
    others = pl.len().over(all_folds) - pl.len().over(own).cast(pl.Int64)
    return folded.select((others_taken + _PRIOR * mean) / (others + _PRIOR)).to_series()


def _auc(values: pl.Series, label: pl.Series, group: pl.Series) -> float:
    """Share of pairs (taken, not taken) of a group in which the taken one has the higher value.

    Ties count by half; 1/2 if there is no pair.
    """
    table = pl.DataFrame({"value": values, "taken": label, "group": group})
    ranked = table.with_columns(pl.col("value").rank("average").over("group"))
    sums = ranked.group_by("group").agg(
        ranks=pl.col("value").filter("taken").sum(),
        taken=pl.col("taken").sum().cast(pl.Float64),
        others=(~pl.col("taken")).sum().cast(pl.Float64),
    )
    wins = sums["ranks"] - sums["taken"] * (sums["taken"] + 1) / 2
    pairs = float((sums["taken"] * sums["others"]).sum())
    # A group of one label has no pair, and its wins are none.
    return float(wins.filter(sums["others"] > 0).sum()) / pairs if pairs else 0.5


def columns_to_screen(
    types: Mapping[str, ValueType], features: Sequence[Feature], targets: frozenset[str]
) -> Iterator[tuple[str, ValueType]]:
    """Columns of the ranking rows that a model may learn from, with their types.

    Args:
        types: Type of each column of the rows.
        features: Declared features.
        targets: Columns of labels.
    """
    texts = {feature.name for feature in features if feature.kind is Kind.TEXT}
    never = (f.RESERVED_NAMES - {f.CANDIDATE_ITEM_ID}) | texts | targets
    for name, kind in types.items():
        if name not in never:
            yield name, kind
