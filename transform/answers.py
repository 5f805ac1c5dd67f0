"""What users did with lists that they were shown, told from what they found by themselves."""

from __future__ import annotations

import polars as pl

from transform.features import EVENT_TIME, REQUEST_ID


def answers_a_list(user: str, impression: pl.Expr) -> pl.Expr:
    """Which events are behaviours with the `request_id` of a list that the user was shown by then.

    Args:
        user: Column of the user.
        impression: Which events are impressions.
    """
    shown_at = pl.col(EVENT_TIME).filter(impression).min().over(user, REQUEST_ID)
    answers = ~impression & pl.col(REQUEST_ID).is_not_null() & (shown_at <= pl.col(EVENT_TIME))
    return answers.fill_null(value=False)
