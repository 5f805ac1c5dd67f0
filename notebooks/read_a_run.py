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
# # Read a run
#
# Why did this model pass or not, for whom does it work, and where is it weak? This notebook opens
# the folder of a run (the `root` of its settings) and answers with the run's own artifacts. Nothing
# is trained or measured again, so you may change anything here.
#
# Open it in Jupyter with jupytext (*Open with → Notebook*), or make an `.ipynb` of it:
# `jupytext --to ipynb notebooks/read_a_run.py`. To read another run, set `SLUICE_ROOT` or `ROOT`.

# %%
import json
import logging
import os
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # before anything imports TensorFlow
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # reading needs no graphics card

import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import polars as pl

# %% tags=["parameters"]
ROOT = os.environ.get("SLUICE_ROOT", "../runs/movielens-100k")

# %%
root = Path(ROOT).expanduser().resolve()
report = json.loads((root / "report" / "report.json").read_text())
places = {artifact["role"]: Path(artifact["uri"]) for artifact in report["artifacts"]}
print(f"{report['pipeline']}, run {report['run_id']}")
print(f"The whole report: {root / 'report' / 'report.html'}")

# %% [markdown]
# ## The verdict
# One sentence first. Then every check: what was measured, what it must be, and what a value outside
# means. Failed ones come first.

# %%
print(report["verdict"]["summary"])

# %%
checks = pd.DataFrame(
    report["checks"], columns=["gate", "name", "value", "lower", "upper", "passed", "why"]
)
checks.sort_values("passed", kind="stable").reset_index(drop=True)

# %% [markdown]
# ## Quality against simple baselines
# All of them answered the same held-out requests and chose from the whole catalogue. NDCG@10 says
# how near the top of the list the next item stood (1: always first), Recall@10 how often it was
# among the first ten, MRR@10 one over its place.

# %%
quality = pd.DataFrame(report["quality"]["rows"]).set_index("model")
quality.style.format("{:.4f}").highlight_max(props="font-weight: bold")

# %%
px.bar(
    quality[["ndcg_at_10"]].sort_values("ndcg_at_10").reset_index(),
    x="ndcg_at_10",
    y="model",
    orientation="h",
    title="NDCG@10",
    text_auto=".4f",
)

# %% [markdown]
# ## Slices, as TFMA measured them
# `places["list_evaluation"]` is TFMA's own result for the lists that users would really be shown;
# `places["ranker_evaluation"]` is that for the scores of single candidates. Below, TFMA loads the
# first one. Where a blessed model existed before, it was measured too, as `baseline`.

# %%
import tensorflow_model_analysis as tfma

for chatty in ("absl", "tensorflow"):
    logging.getLogger(chatty).setLevel(logging.ERROR)

evaluation = tfma.load_metrics(str(places["list_evaluation"]))
raw = tfma.dataframe.metrics_as_dataframes(evaluation).double_value
raw.head()

# %% [markdown]
# That is one row for each slice and metric. For reading, one row for each slice is better:


# %%
def text(value):
    """A slice's value: TFMA keeps it as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def name_of(row):
    """`feature=value` of a slice, or `all requests`."""
    parts = row.drop("Overall", errors="ignore").dropna().items()
    return (
        ", ".join(f"{key}={text(value) or '(missing)'}" for key, value in parts) or "all requests"
    )


tidy = pd.DataFrame(
    {
        "slice": [name_of(row) for _, row in raw["slices"].iterrows()],
        "metric": raw["metric_keys"]["name"],
        "model": raw["metric_keys"].get("model_name", pd.Series("", raw.index)),
        "value": raw["metric_values"]["double_value"],
    }
)
slices = (
    tidy[tidy["model"] != "baseline"]
    .pivot_table(index="slice", columns="metric", values="value", aggfunc="first")
    .rename(columns={"example_count": "requests"})
)
slices.sort_values("requests", ascending=False)

# %% [markdown]
# ## Where the model is weak
# A slice far below the average matters little if hardly anybody is in it. `lost` is the distance to
# the average times the requests: what the model would gain there if the slice were only average.
# Slices with fewer than 30 requests are left out, as their value is mostly chance.

# %%
METRIC, ENOUGH = "ndcg_at_10", 30

average = slices.loc["all requests", METRIC]
weak = slices[(slices["requests"] >= ENOUGH) & (slices[METRIC] < average)].copy()
weak["below"] = 1 - weak[METRIC] / average
weak["lost"] = (average - weak[METRIC]) * weak["requests"]
weak = weak.sort_values("lost", ascending=False)[["requests", METRIC, "below", "lost"]]
weak.head(10).style.format(
    {"requests": "{:.0f}", METRIC: "{:.4f}", "below": "{:.0%}", "lost": "{:.2f}"}
)

# %%
shown = slices[slices["requests"] >= ENOUGH].sort_values(METRIC).reset_index()
figure = px.scatter(
    shown, x=METRIC, y="slice", size="requests", title=f"{METRIC} by slice; size: requests"
)
figure.add_vline(x=average, line_dash="dash", annotation_text="all requests")
figure.update_layout(height=200 + 22 * len(shown))

# %% [markdown]
# ## Are the probabilities honest?
# Points on the dashed line are exact; below it the ranker promises too much, above it too little.

# %%
plots = tfma.dataframe.plots_as_dataframes(tfma.load_plots(str(places["ranker_evaluation"])))
bins = plots.calibration_histogram_buckets
overall = pd.Series([name_of(row) == "all requests" for _, row in bins["slices"].iterrows()])
candidate = bins["plot_keys"].get("model_name", pd.Series("", bins.index)) != "baseline"
bins = bins[overall & candidate]["plot_data"].query("num_weighted_examples > 0")
predicted = bins["total_weighted_refined_prediction"] / bins["num_weighted_examples"]
observed = bins["total_weighted_label"] / bins["num_weighted_examples"]
reliability = px.scatter(x=predicted, y=observed, labels={"x": "predicted", "y": "observed"})
reliability.add_trace(
    go.Scatter(x=predicted, y=predicted, mode="lines", line_dash="dash", name="exact")
)
reliability.update_xaxes(type="log").update_yaxes(type="log")

# %% [markdown]
# ## The data account
# Rows in = events + duplicates + rejected rows. The rejected ones are kept with their reason.

# %%
account = report["account"]
parts = {
    "events": account["events"],
    "duplicates": account["duplicates"],
    **{f"rejected: {reason}": count for reason, count in account["dead_letters"].items()},
}
assert sum(parts.values()) == account["rows_in"]
pd.Series(parts, name="rows").to_frame()

# %%
periods = pd.DataFrame(account["periods"]).T
for column in ("first_time", "last_time"):
    periods[column] = pd.to_datetime(periods[column], unit="s")
periods

# %%
pl.read_parquet(places["account"] / "dead_letters.parquet").head(10)

# %% [markdown]
# ## Training

# %%
histories = {
    model: json.loads((places[role] / "history.json").read_text())
    for model, role in (("Retriever", "retriever_run"), ("Ranker", "ranker_run"))
    if role in places
}
curves = pd.concat(
    pd.DataFrame(
        {"model": model, "metric": metric, "epoch": range(1, len(values) + 1), "value": values}
    )
    for model, history in histories.items()
    for metric, values in history.items()
)
px.line(
    curves, x="epoch", y="value", facet_row="model", facet_col="metric", markers=True
).update_yaxes(matches=None, showticklabels=True)
