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
# # What would user X see, and why?
#
# Ask the model of a run for the list of one held-out user, and follow each item back: the
# retriever's order, the rule that proposed it, and the final score. What the user took next is
# known, so you can judge the list.
#
# To look at another run, set `SLUICE_ROOT` or `ROOT` to the `root` of its settings; to look at
# another user, set `USER`.

# %%
import json
import os
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # before anything imports TensorFlow
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # reading needs no graphics card

import pandas as pd
import plotly.express as px
import polars as pl
import tensorflow as tf

# %% tags=["parameters"]
ROOT = os.environ.get("SLUICE_ROOT", "../runs/movielens-100k")
USER = os.environ.get("SLUICE_USER", "")  # empty: the first of the report's sample
DEPTH = 10

# %%
root = Path(ROOT).expanduser().resolve()
report = json.loads((root / "report" / "report.json").read_text())
places = {artifact["role"]: Path(artifact["uri"]) for artifact in report["artifacts"]}
print(f"{report['pipeline']}, run {report['run_id']}")

# %% [markdown]
# ## Users to choose from
# The report holds a seeded sample of held-out requests. Any other user of the evaluation will do,
# too.

# %%
sample = pd.DataFrame(report["lists"]["requests"])
USER = USER or sample["user_id"].iloc[0]
sample[["user_id", "history_length", "target"]]

# %% [markdown]
# ## Titles
# The first text feature of the items, where there is one.

# %%
from components.example_columns import read_batches, read_columns

texts = [
    feature["name"]
    for feature in report["settings"].get("features", [])
    if (feature["side"], feature["kind"]) == ("candidate", "text")
]
catalogue = read_columns(
    [str(places["examples"] / "Split-catalogue")],
    {"item_id": "bytes", **dict.fromkeys(texts[:1], "bytes")},
)
titles = {
    row[0][0].decode(): " ".join(part.decode() for part in row[-1]) for row in catalogue.iter_rows()
}
print(f"{len(titles):,} items")

# %% [markdown]
# ## The request
# The row as the pipeline wrote it: what was known when the user came.

# %%
wanted = {"user_id": "bytes", "history_item_id": "bytes", "target_item_id": "bytes"}
found = [
    (record, row)
    for records, frame in read_batches([str(places["examples"] / "Split-eval")], wanted)
    for record, row in zip(records, frame.iter_rows(named=True), strict=True)
    if row["user_id"] == [USER.encode()]
]
assert found, f"USER must be a user of the evaluation. Received: {USER!r}. Choose one from above."
record, row = found[0]
history = [item.decode() for item in row["history_item_id"]]
target = row["target_item_id"][0].decode()
print(f"User {USER} has {len(history)} events and took next: {titles.get(target, target)}")
pd.DataFrame({"latest first": [titles.get(item, item) for item in history[::-1][:10]]})

# %% [markdown]
# ## The list
# `serving_default` takes the serialized row and answers with the list that the server would give.

# %%
model = tf.saved_model.load(str(places["model"] / "Format-Serving"))
answer = model.signatures["serving_default"](examples=tf.constant([record]))
served = pd.DataFrame(
    {
        "item_id": [item.decode() for item in answer["item_id"].numpy()[0]],
        "score": answer["score"].numpy()[0],
        "retrieval_score": answer["retrieval_score"].numpy()[0],
    }
).query("item_id != ''")
served.insert(0, "place", range(1, len(served) + 1))
served.insert(2, "title", [titles.get(item, item) for item in served["item_id"]])
served["retriever"] = served["retrieval_score"].rank(ascending=False, method="first").astype(int)
served["moved"] = served["retriever"] - served["place"]
served["taken"] = served["item_id"] == target
served.head(DEPTH).style.format({"score": "{:.4f}", "retrieval_score": "{:.2f}", "moved": "{:+d}"})

# %%
place = served.loc[served["taken"], "place"]
print(f"What the user took stands in place {place.iloc[0]}." if len(place) else "It is not listed.")

# %% [markdown]
# ## Why these? What the log says follows the history
# Rules of the co-view tile between the latest items of the history and the list. An item without a
# rule can only have come from the two-tower model.

# %%
rules = (
    pl.read_parquet(places["tiles"] / "co_view.parquet")
    .filter(pl.col("item_id").is_in(history[-20:]))
    .filter(pl.col("follower_id").is_in(served["item_id"].head(DEPTH).to_list()))
    .sort("weight", descending=True)
)
why = pd.DataFrame(
    {
        "shown": [titles.get(item, item) for item in rules["follower_id"]],
        "after": [titles.get(item, item) for item in rules["item_id"]],
        "weight": rules["weight"].to_list(),
    }
)
print(f"{rules['follower_id'].n_unique()} of {min(DEPTH, len(served))} items follow the history")
why.head(15)

# %% [markdown]
# ## Retrieval against the final order
# Items above the diagonal were moved up by the ranker and the calibration, those below moved down.

# %%
figure = px.scatter(
    served,
    x="retriever",
    y="place",
    symbol="taken",
    hover_data=["title", "score"],
    title="Place by retrieval score against place in the list",
)
figure.update_yaxes(autorange="reversed")

# %% [markdown]
# ## What if the user had done something else?
# The same request without the latest item of the history: how much does the list hang on it?

# %%
example = tf.train.Example.FromString(record)
for name in ("history_item_id", "history_event_type", "history_time"):
    kind = example.features.feature[name].WhichOneof("kind")
    if kind:
        values = getattr(example.features.feature[name], kind).value
        del values[-1:]
again = model.signatures["serving_default"](examples=tf.constant([example.SerializeToString()]))
other = [item.decode() for item in again["item_id"].numpy()[0]]
first = served["item_id"].head(DEPTH).to_list()
kept = len({*first} & {*other[:DEPTH]})
print(f"Without {titles.get(history[-1], history[-1]) if history else 'any history'}, ", end="")
print(f"{kept} of {len(first)} items stay among the first {DEPTH}.")

# %% [markdown]
# ## Compared with the model blessed before
# The report's sample holds both lists. Empty in the first run.

# %%
request = next((r for r in report["lists"]["requests"] if r["user_id"] == USER), None)
pd.DataFrame(request["old"] if request else [], columns=["item_id", "title", "new_place"])
