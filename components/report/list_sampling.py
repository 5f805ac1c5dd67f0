"""A seeded sample of held-out requests, answered by the models themselves."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow as tf
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import Tiles
from components.example_columns import ValueType, decoder, read_batches, read_records
from components.report.list_changes import DEPTH, Knowledge, Request, Served, list_sample
from components.report.list_facts import ListSample
from trainer.recommender.sources import RECENT_EVENTS
from transform import features as keys
from transform.features import Feature, Kind, candidate_features

_SAMPLE = 256  # requests
_BATCH = 64
_COLUMNS: dict[str, ValueType] = {
    keys.USER_ID: "bytes",
    keys.REQUEST_TIME: "int",
    keys.HISTORY_ITEM_ID: "bytes",
    keys.TARGET_ITEM_ID: "bytes",
}


def sample_lists(
    *,
    examples: Any,
    model: Any,
    baseline_model: Any | None,
    tiles: Any | None,
    features: Sequence[Feature],
    seed: int,
) -> ListSample | None:
    """What a sample of held-out users is shown, and was shown before.

    Args:
        examples: Artifact of the raw examples, with the splits `eval` and `catalogue`.
        model: The composed recommender.
        baseline_model: The one blessed before; None where there is none.
        tiles: Artifact with the co-view tile; None where it is not at hand.
        features: Declared features: the first text of the items is their title.
        seed: Draws the sample.
    """
    drawn = _draw(artifact_utils.get_split_uris([examples], keys.EVAL), seed)
    requests, records = [request for request, _ in drawn], [record for _, record in drawn]
    new = _serve(model, records)
    old = None if baseline_model is None else _serve(baseline_model, records)
    named = {item for request in requests for item in (*request.history, request.target)}
    named |= {item for lists in (new, old or []) for served in lists for item in served.items}
    catalogue = artifact_utils.get_split_uris([examples], keys.CATALOGUE)
    knowledge = Knowledge(
        titles=_titles(catalogue, features, named),
        followed={} if tiles is None else _followed(tiles, requests, new),
        recent_events=RECENT_EVENTS,
    )
    return list_sample(requests, new, old, knowledge)


def _draw(uris: Sequence[str], seed: int) -> list[tuple[Request, bytes]]:
    """The requests whose seeded digests are lowest: the same ones however rows are ordered."""
    salt = seed.to_bytes(8, "big", signed=True)

    def digest(record: bytes) -> bytes:
        return hashlib.blake2b(record, digest_size=16, salt=salt).digest()

    chosen = heapq.nsmallest(_SAMPLE, read_records(uris), key=digest)
    rows = decoder(_COLUMNS)(chosen).iter_rows(named=True)
    return [(_request(row), record) for row, record in zip(rows, chosen, strict=True)]


def _request(row: dict[str, Any]) -> Request:
    return Request(
        user_id=_text(row[keys.USER_ID])[0],
        request_time=row[keys.REQUEST_TIME][0],
        history=_text(row[keys.HISTORY_ITEM_ID]),
        target=_text(row[keys.TARGET_ITEM_ID])[0],
    )


def _serve(model: Any, records: Sequence[bytes]) -> list[Served]:
    """The model's lists for serialized raw rows."""
    if not records:
        return []
    loaded = tf.saved_model.load(path_utils.serving_model_path(model.uri))
    answer = loaded.signatures["serving_default"]
    lists = []
    for first in range(0, len(records), _BATCH):
        found = answer(examples=tf.constant(records[first : first + _BATCH], tf.string))
        parts = (found[name].numpy() for name in ("item_id", "score", "retrieval_score"))
        lists += [_served(*row) for row in zip(*parts, strict=True)]
    return lists


def _served(items: Any, scores: Any, retrieval_scores: Any) -> Served:
    shown = np.flatnonzero(items != b"")
    return Served(
        items=_text(items[shown]),
        scores=tuple(scores[shown].tolist()),
        retrieval_scores=tuple(retrieval_scores[shown].tolist()),
    )


def _titles(uris: Sequence[str], features: Sequence[Feature], named: set[str]) -> dict[str, str]:
    """Titles of the items that are named: their first text; none where there is no such feature."""
    texts = [f.name for f in candidate_features(features) if f.kind is Kind.TEXT]
    if not texts:
        return {}
    titles: dict[str, str] = {}
    for _, frame in read_batches(uris, {keys.ITEM_ID: "bytes", texts[0]: "bytes"}):
        for items, values in frame.iter_rows():
            [item] = _text(items)
            if item in named and values:
                titles[item] = " ".join(_text(values))
    return titles


def _followed(
    tiles: Any, requests: Sequence[Request], new: Sequence[Served]
) -> dict[tuple[str, str], float]:
    """Weights of the co-view rules between the histories and what is shown."""
    seen = {item for request in requests for item in request.history[-RECENT_EVENTS:]}
    shown = {item for served in new for item in served.items[:DEPTH]}
    rules = (
        pl.scan_parquet(Path(tiles.uri) / Tiles.CO_VIEW_FILE)
        .filter(pl.col("item_id").is_in(list(seen)) & pl.col("follower_id").is_in(list(shown)))
        .select("item_id", "follower_id", "weight")
        .collect()
    )
    return {(item, follower): weight for item, follower, weight in rules.iter_rows()}


def _text(values: Any) -> tuple[str, ...]:
    return tuple(value.decode("utf-8", "replace") for value in values)
