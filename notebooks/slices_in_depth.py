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
# # Slices in depth
#
# For whom does the model work, and for whom not? This notebook loads the results of TensorFlow
# Model Analysis (TFMA) as they are, so that anything it measured can be asked for.
#
# To look at another run, set `SLUICE_ROOT` or `ROOT` to the `root` of its settings.

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
import tensorflow_model_analysis as tfma

for chatty in ("absl", "tensorflow"):
    logging.getLogger(chatty).setLevel(logging.ERROR)

# %% tags=["parameters"]
ROOT = os.environ.get("SLUICE_ROOT", "../runs/movielens-100k")

# %%
root = Path(ROOT).expanduser().resolve()
report = json.loads((root / "report" / "report.json").read_text())
places = {artifact["role"]: Path(artifact["uri"]) for artifact in report["artifacts"]}
print(f"{report['pipeline']}, run {report['run_id']}")

# %% [markdown]
# ## One table from TFMA's own files
# `tfma.load_metrics` yields a protocol buffer for each slice. A value may be a plain one, or one
# with an interval. Where a model was blessed before, it was measured on the same rows, as
# `baseline`.


# %%
def value_of(metric):
    """A metric's value with the ends of its interval, where TFMA computed one."""
    kind = metric.WhichOneof("type")
    if kind == "bounded_value":
        bounded = metric.bounded_value
        return bounded.value.value, bounded.lower_bound.value, bounded.upper_bound.value
    return (metric.double_value.value if kind == "double_value" else float("nan")), None, None


def slice_of(key):
    """`feature=value`, several joined by a comma; `all requests` for no feature."""
    parts = []
    for part in key.single_slice_keys:
        value = getattr(part, part.WhichOneof("kind") or "bytes_value")
        text = value.decode() if isinstance(value, bytes) else str(value)
        parts.append(f"{part.column}={text or '(missing)'}")
    return ", ".join(sorted(parts)) or "all requests"


def table(folder):
    """One row for each slice, model and metric."""
    return pd.DataFrame(
        [
            (
                slice_of(one.slice_key),
                m.key.model_name or "candidate",
                m.key.name,
                *value_of(m.value),
            )
            for one in tfma.load_metrics(str(folder))
            for m in one.metric_keys_and_values
            if not m.key.is_diff
        ],
        columns=["slice", "model", "metric", "value", "lower", "upper"],
    )


lists, ranker = table(places["list_evaluation"]), table(places["ranker_evaluation"])
print(f"{lists['slice'].nunique()} slices, {lists['metric'].nunique()} metrics of lists")
lists.head()

# %% [markdown]
# ## Slices by metrics
# One row for each slice of the candidate, the largest first.

# %%
wide = (
    lists[lists["model"] == "candidate"]
    .pivot(index="slice", columns="metric", values="value")
    .rename(columns={"example_count": "requests"})
    .sort_values("requests", ascending=False)
)
wide

# %% [markdown]
# ## How sure is that?
# The report computes a 95 % interval for metrics that are means over requests, from the value and
# the number of requests; it is kept in `report.json`. Slices of fewer than 30 requests are left
# out here.

# %%
METRIC, ENOUGH = "ndcg_at_10", 30
sure = pd.DataFrame(
    [
        {
            "slice": f"{row['feature']}={row['value']}" if row["feature"] else "all requests",
            "feature": row["feature"] or "all",
            "requests": row["count"],
            METRIC: row["metrics"][METRIC],
            "lower": row["intervals"][METRIC][0],
            "upper": row["intervals"][METRIC][1],
        }
        for row in report["slices"]["list"]
        if METRIC in row["intervals"] and (row["count"] or 0) >= ENOUGH
    ]
)
average = sure.loc[sure["slice"] == "all requests", METRIC].iloc[0]
figure = px.scatter(
    sure,
    x=METRIC,
    y="slice",
    symbol="feature",
    error_x=sure["upper"] - sure[METRIC],
    error_x_minus=sure[METRIC] - sure["lower"],
    hover_data="requests",
    title=f"{METRIC} with 95 % intervals",
)
figure.add_vline(x=average, line_dash="dash", annotation_text="all requests")
figure.update_layout(height=220 + 22 * len(sure))

# %% [markdown]
# ## Slices that clearly differ from the average
# Their whole interval lies on one side of it. With many slices, one in twenty does so by chance.

# %%
apart = sure[(sure["upper"] < average) | (sure["lower"] > average)]
print(f"{len(apart)} of {len(sure) - 1} slices lie apart from the average of {average:.4f}")
apart.sort_values(METRIC).reset_index(drop=True)

# %% [markdown]
# ## Against the model blessed before, slice by slice
# A model may gain on average and lose for some. Empty in the first run, when there is none.

# %%
both = (
    lists[lists["metric"] == METRIC]
    .pivot(index="slice", columns="model", values="value")
    .reindex(columns=["candidate", "baseline"])
    .join(wide["requests"])
)
both["gain"] = both["candidate"] - both["baseline"]
both.dropna(subset=["gain"]).sort_values("gain")

# %% [markdown]
# ## Does the ranker serve all slices alike?
# Calibration near 1: as many taken as were predicted. AUC: how well taken items are told from
# others.

# %%
scores = ranker[ranker["model"] == "candidate"].pivot(
    index="slice", columns="metric", values="value"
)
scores = scores.rename(columns={"example_count": "requests"})
scores[[name for name in ("requests", "auc", "calibration", "log_loss") if name in scores]]

# %% [markdown]
# ## Gap between best and worst
# For each feature the distance between its best and its worst slice: where to look first.

# %%
gaps = (
    sure[sure["feature"] != "all"]
    .groupby("feature")[METRIC]
    .agg(["min", "max", "count"])
    .assign(gap=lambda found: found["max"] - found["min"])
    .sort_values("gap", ascending=False)
)
gaps
