# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Explore the data
#
# What did the log hold, what became of its rows, how are users and items distributed, and did any
# of it change? Everything is read from a run's artifacts; nothing is computed anew from the log.
#
# To look at another run, set `SLUICE_ROOT` or `ROOT` to the `root` of its settings.

# %%
import json
import os
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # before anything imports TensorFlow
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # reading needs no graphics card

import numpy as np
import pandas as pd
import plotly.express as px
import polars as pl

# %% tags=["parameters"]
ROOT = os.environ.get("SLUICE_ROOT", "../runs/movielens-100k")

# %%
root = Path(ROOT).expanduser().resolve()
report = json.loads((root / "report" / "report.json").read_text())
places = {artifact["role"]: Path(artifact["uri"]) for artifact in report["artifacts"]}
print(f"{report['pipeline']}, run {report['run_id']}")
account = report["account"]

# %% [markdown]
# ## Where every row went
# Rows in = events + duplicates + rejected rows. If that did not hold, the DataGate would have
# stopped the run.

# %%
flow = {
    "events": account["events"],
    "duplicates": account["duplicates"],
    **{f"rejected: {reason}": count for reason, count in account["dead_letters"].items()},
}
assert sum(flow.values()) == account["rows_in"]
rows = pd.Series(flow, name="rows").to_frame()
rows["share"] = rows["rows"] / account["rows_in"]
rows.style.format({"rows": "{:,}", "share": "{:.3%}"})

# %% [markdown]
# ## Rejected rows, by reason and file
# Each keeps the file and row that it came from, so that it can be found in the log.

# %%
dead = pl.read_parquet(places["account"] / "dead_letters.parquet")
print(f"{len(dead):,} rejected rows")
dead.group_by("reason", "file").len().sort("len", descending=True).head(20)

# %%
dead.head(10)

# %% [markdown]
# ## When
# The three periods follow each other: with `split: {protocol: time}` for everybody at once, with
# `leave_one_out` for each user, so that over all users they overlap.

# %%
periods = pd.DataFrame(account["periods"]).T.rename_axis("period").reset_index()
for column in ("first_time", "last_time"):
    periods[column] = pd.to_datetime(periods[column].astype("float"), unit="s")
px.timeline(
    periods,
    x_start="first_time",
    x_end="last_time",
    y="period",
    hover_data="events",
    title="Periods",
)

# %% [markdown]
# ## The long tail of items
# `items.parquet` holds, for each item, how often it occurs in the training period. The curve says
# how much of all behaviour the most frequent items account for: the steeper, the more a list of
# the most popular items can do, and the less is known of most items.

# %%
items = pl.read_parquet(places["tiles"] / "items.parquet").sort("count", descending=True)
counts = items["count"].to_numpy()
tail = pd.DataFrame(
    {
        "items": np.arange(1, len(counts) + 1) / len(counts),
        "behaviour": counts.cumsum() / counts.sum(),
    }
)
tenth = tail["behaviour"].iloc[max(len(tail) // 10 - 1, 0)]
print(f"{len(items):,} items; the most frequent tenth of them has {tenth:.0%} of the behaviour")
print(f"{(counts <= 5).mean():.0%} of the items were seen five times or less")
px.line(tail, x="items", y="behaviour", title="Share of the behaviour by share of the items")

# %% [markdown]
# ## What follows what
# The heaviest rules of the co-view tile: `follower_id` comes soon after `item_id` in many
# histories.

# %%
pl.read_parquet(places["tiles"] / "co_view.parquet").sort("weight", descending=True).head(10)

# %% [markdown]
# ## The held-out requests
# One row for each request that measures the model. How much is known of who asks?

# %%
from components.example_columns import read_columns

columns = {"history_item_id": "bytes", "target_item_id": "bytes", "user_rung": "bytes"}
held_out = read_columns([str(places["examples"] / "Split-eval")], columns)
known = held_out["history_item_id"].list.len().to_pandas()
print(f"{len(held_out):,} requests; half of the users have {known.median():.0f} events or more")
px.histogram(known, nbins=50, title="Length of the history at the request").update_layout(
    showlegend=False, xaxis_title="events", yaxis_title="requests"
)

# %% [markdown]
# ## Did the data change?
# `drift` compares with the data of the model blessed before, `skew` the test requests with the
# training requests. A distance beyond its bound stops the run; the bound allows for chance.

# %%
moved = pd.DataFrame(
    [*report["data"]["drift"], *report["data"]["skew"]],
    columns=["against", "split", "feature", "kind", "value", "bound", "passed"],
)
moved.sort_values("value", ascending=False).reset_index(drop=True)

# %% [markdown]
# ## Does a single feature give the label away?
# The AUC of each feature by itself. Near 0 or 1 it was probably made after the fact; 0.5 tells
# nothing.

# %%
alone = pd.DataFrame(report["data"]["single_features"], columns=["feature", "auc", "passed"])
alone
